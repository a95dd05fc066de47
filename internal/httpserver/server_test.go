package httpserver

import (
	"bufio"
	"context"
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

// exchange sends raw bytes on a connection of its own and reads one answer.
func exchange(t *testing.T, addr, raw string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, raw); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%q: %v", raw, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
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
	conn, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	<-begun
	r.stop()
	<-ended
	resp, body := exchange(t, r.addr, "GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	if resp.StatusCode != 503 || body != `{"status":"unavailable","reason":"shutting down"}` {
		t.Errorf("got %d %s", resp.StatusCode, body)
	}
	r.ln.Close() // rather than wait for the delay
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
	conn, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
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
	ln.Close()
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
		resp, body := exchange(t, r.addr, raw)
		if resp.StatusCode != 200 || body != "answer" {
			t.Errorf("%.80q: %d %s", raw, resp.StatusCode, body)
		}
	}
}

// TestUnreadBodyIsNoRequest sends a request in place of a body: it must not be
// answered as one.
func TestUnreadBodyIsNoRequest(t *testing.T) {
	t.Parallel()
	r := run(t, Config{}, Face{Prefix: "/", Handler: says("answer"), IgnoresBody: true})
	conn, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	hidden := "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
	fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(hidden), hidden)
	all, err := io.ReadAll(conn) // the connection ends
	if err != nil || strings.Count(string(all), "HTTP/1.1 200 OK") != 1 || !strings.Contains(string(all), "Connection: close") {
		t.Errorf("got %q, %v", all, err)
	}
}

func TestConnectionIsKeptWithoutABody(t *testing.T) {
	t.Parallel()
	r := run(t, Config{}, Face{Prefix: "/", Handler: says("answer"), IgnoresBody: true})
	conn, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	for _, length := range []string{"", "Content-Length: 0\r\n", ""} {
		fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\n%s\r\n", length)
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "answer" {
			t.Fatalf("got %q, %v", body, err)
		}
		resp.Body.Close()
	}
}

func TestHeadersAreLimited(t *testing.T) {
	t.Parallel()
	r := run(t, Config{MaxHeaderBytes: 8 << 10}, Face{Prefix: "/", Handler: says("answer")})
	resp, _ := exchange(t, r.addr, "GET /"+strings.Repeat("x", 20<<10)+" HTTP/1.1\r\nHost: x\r\n\r\n")
	if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("got %d", resp.StatusCode)
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
		defer conn.Close()
		_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\n\r\n")
		_ = rw.Flush()
	})})
	if resp, _ := exchange(t, r.addr, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); resp.StatusCode != 101 {
		t.Errorf("got %d", resp.StatusCode)
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
