package httpserver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// running is a server that Run serves.
type running struct {
	*Server
	addr string
	ln   net.Listener
	stop func()
	done chan struct{} // closed when Run has returned
	err  error         // what it returned
}

func (r *running) wait() error {
	<-r.done
	return r.err
}

func run(t *testing.T, cfg Config, faces ...Face) *running {
	t.Helper()
	cfg.Addr = "127.0.0.1:0"
	s := New(cfg, faces...)
	ln, err := s.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{Server: s, addr: ln.Addr().String(), ln: ln, stop: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		r.err = s.Run(ctx, ln)
	}()
	t.Cleanup(func() {
		cancel()
		<-r.done
	})
	return r
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func send(t *testing.T, conn net.Conn, raw string) {
	t.Helper()
	if _, err := io.WriteString(conn, raw); err != nil {
		t.Fatal(err)
	}
}

// receive reads one answer.
func receive(t *testing.T, in *bufio.Reader) (status int, body string) {
	t.Helper()
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// exchange sends raw bytes on a connection of its own and reads one answer.
func exchange(t *testing.T, addr, raw string) (status int, body string) {
	t.Helper()
	conn := dial(t, addr)
	send(t, conn, raw)
	return receive(t, bufio.NewReader(conn))
}

func TestDrainLetsRequestsEnd(t *testing.T) {
	t.Parallel()
	begun, release := make(chan struct{}), make(chan struct{})
	r := run(t, Config{}, Face{Prefix: "/", Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		close(begun)
		<-release
		_, _ = fmt.Fprintf(w, "context: %v", req.Context().Err())
	})})
	got := make(chan string, 1)
	go func() {
		_, body := exchange(t, r.addr, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		got <- body
	}()
	<-begun
	r.stop()
	<-r.draining
	select {
	case <-r.done:
		t.Fatalf("stopped before its request had ended: %v", r.err)
	default:
	}
	close(release)
	if body := <-got; body != "context: <nil>" {
		t.Errorf("got %q", body)
	}
	if err := r.wait(); err != nil {
		t.Errorf("Run: %v", err)
	}
	if _, err := net.Dial("tcp", r.addr); err == nil {
		t.Error("still listens")
	}
}

func TestDrainTellsReadyzAndEndsStreams(t *testing.T) {
	t.Parallel()
	begun, ended := make(chan struct{}), make(chan struct{})
	r := run(t, Config{DrainDelay: time.Minute}, Face{Prefix: "/", Streams: true, Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.(http.Flusher).Flush()
		close(begun)
		<-req.Context().Done()
		close(ended)
	})})
	conn := dial(t, r.addr)
	send(t, conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	<-begun
	r.stop()
	<-ended
	status, body := exchange(t, r.addr, "GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	if status != 503 || body != `{"status":"unavailable","reason":"shutting down"}` {
		t.Errorf("got %d %s", status, body)
	}
	_ = r.ln.Close() // rather than wait for the delay
	if err := r.wait(); err == nil || !strings.Contains(err.Error(), "serve while draining") {
		t.Errorf("Run: %v", err)
	}
}

func TestRequestsThatDoNotEndAreCutOff(t *testing.T) {
	t.Parallel()
	begun, cut := make(chan struct{}), make(chan struct{})
	r := run(t, Config{ShutdownTimeout: 10 * time.Millisecond}, Face{Prefix: "/", Handler: http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		close(begun)
		<-req.Context().Done()
		close(cut)
	})})
	conn := dial(t, r.addr)
	send(t, conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	<-begun
	r.stop()
	<-cut
	if err := r.wait(); err == nil || !strings.Contains(err.Error(), "requests were cut off after 10ms") {
		t.Errorf("Run: %v", err)
	}
}

func TestRunEndsWhenTheListenerFails(t *testing.T) {
	t.Parallel()
	s := New(Config{Addr: "127.0.0.1:0"})
	ln, err := s.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_ = ln.Close()
	if err := s.Run(t.Context(), ln); err == nil || !strings.Contains(err.Error(), "serve 127.0.0.1:") {
		t.Errorf("Run: %v", err)
	}
	if _, err := New(Config{Addr: "256.0.0.1:1"}).Listen(t.Context()); err == nil || !strings.Contains(err.Error(), "listen on 256.0.0.1:1: ") {
		t.Errorf("Listen: %v", err)
	}
}

func TestBodiesAreNotWaitedFor(t *testing.T) {
	t.Parallel()
	r := run(t, Config{}, Face{Prefix: "/", Handler: says("answer"), IgnoresBody: true})
	for _, raw := range []string{
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnot a chunk\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n{}",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 100000),
	} {
		status, body := exchange(t, r.addr, raw)
		if status != 200 || body != "answer" {
			t.Errorf("%.80q: %d %s", raw, status, body)
		}
	}
}

// TestUnreadBodyIsNoRequest sends a request in place of a body: it must not be
// answered as one.
func TestUnreadBodyIsNoRequest(t *testing.T) {
	t.Parallel()
	r := run(t, Config{}, Face{Prefix: "/", Handler: says("answer"), IgnoresBody: true})
	conn := dial(t, r.addr)
	hidden := "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
	send(t, conn, fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(hidden), hidden))
	all, err := io.ReadAll(conn) // the connection ends
	if err != nil || strings.Count(string(all), "HTTP/1.1 200 OK") != 1 || !strings.Contains(string(all), "Connection: close") {
		t.Errorf("got %q, %v", all, err)
	}
}

func TestConnectionIsKeptWithoutABody(t *testing.T) {
	t.Parallel()
	r := run(t, Config{}, Face{Prefix: "/", Handler: says("answer"), IgnoresBody: true})
	conn := dial(t, r.addr)
	in := bufio.NewReader(conn)
	for _, length := range []string{"", "Content-Length: 0\r\n", ""} {
		send(t, conn, fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\n%s\r\n", length))
		if status, body := receive(t, in); status != 200 || body != "answer" {
			t.Fatalf("got %d %q", status, body)
		}
	}
}

func TestHeadersAreLimited(t *testing.T) {
	t.Parallel()
	r := run(t, Config{MaxHeaderBytes: 8 << 10}, Face{Prefix: "/", Handler: says("answer")})
	status, _ := exchange(t, r.addr, "GET /"+strings.Repeat("x", 20<<10)+" HTTP/1.1\r\nHost: x\r\n\r\n")
	if status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("got %d", status)
	}
}

func TestWebsocketsCanTakeOverTheConnection(t *testing.T) {
	t.Parallel()
	var log logged
	done := make(chan struct{})
	r := run(t, Config{Log: log.logger()}, Face{Prefix: "/", Streams: true, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		defer close(done)
		conn, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\n\r\n")
		_ = rw.Flush()
	})})
	if status, _ := exchange(t, r.addr, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); status != 101 {
		t.Errorf("got %d", status)
	}
	<-done
	r.stop()
	if err := r.wait(); err != nil {
		t.Errorf("Run: %v", err)
	}
	if lines := log.lines(t, "request"); len(lines) != 1 || lines[0]["status"] != 101.0 {
		t.Errorf("logged %v", lines)
	}
}

func BenchmarkServer(b *testing.B) {
	h := New(Config{}, Face{Prefix: "/api/", Handler: says(`{"symbol":"AAPL"}`)}).Handler()
	b.ReportAllocs()
	for b.Loop() {
		ask(h, "GET", "/api/v1/x")
	}
}
