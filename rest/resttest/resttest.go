// Package resttest runs cases of the REST contract, one JSON object a line,
// against a server: requests as steps, and of each answer its status, headers,
// exact body, shape, and the consistency that the contract asks of it.
//
// The forms of a case are those of Case and Expect; patterns are in shape.go and
// rules in rules.go. What a case says in a form that is not known here fails it.
package resttest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

// patience is how long an answer may take; the contract's own limit is shorter.
const patience = time.Minute

// clock is the time that answers are compared with.
var clock = time.Now //nolint:forbidigo // a test's clock: "now" in a shape is the real one

// Case is one line of a file of cases.
type Case struct {
	ID    string `json:"id"`
	About string `json:"about"`
	When  string `json:"when"` // the state of the server it needs: "", "empty", "db_down"
	Steps []Step `json:"steps"`
}

// Step is one request and what to expect of its answer.
type Step struct {
	Request Request `json:"request"`
	Expect  Expect  `json:"expect"`
}

// Request is sent as it stands: the target is not parsed or escaped on the way.
type Request struct {
	Method  string            `json:"method"`
	Target  string            `json:"target"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

// Expect is what an answer is held to; a part that is left out is not looked at.
type Expect struct {
	Status int `json:"status"`
	// Headers gives for each name the exact value, {"tokens": [...]} for a list in
	// any order, {"resolves_to": target} for a reference, or null for none.
	Headers map[string]json.RawMessage `json:"headers"`
	JSON    *string                    `json:"json"` // keys in order, numbers as spelled, texts as decoded
	Text    *string                    `json:"text"` // the body, byte by byte
	Shape   json.RawMessage            `json:"shape"`
	Rule    string                     `json:"rule"` // status, metrics, trigger, quality
	Compact bool                       `json:"compact"`
}

// Run runs the cases of file that need the server in the state when ("", "empty"
// or "db_down"), each as a subtest, against the server at baseURL (http only).
// A file that is not there skips the test.
func Run(t *testing.T, baseURL, file, when string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		t.Skipf("no cases to run: %s is absent", file)
	}
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for line := range bytes.Lines(text) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		c, err := Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		if c.When != when {
			continue
		}
		ran++
		t.Run(c.ID, func(t *testing.T) {
			for _, problem := range c.Check(t.Context(), baseURL) {
				t.Error(problem)
			}
		})
	}
	if ran == 0 {
		t.Errorf("%s has no case for the state %q", file, when)
	}
}

// Parse reads a case and puts a new ticker in place of each {RND}.
func Parse(line []byte) (Case, error) {
	var c Case
	ticker := "T" + rand.Text()[:10]
	dec := json.NewDecoder(strings.NewReader(strings.ReplaceAll(string(line), "{RND}", ticker)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil {
		return c, fmt.Errorf("case %.60q: %w", line, err)
	}
	return c, nil
}

// Check runs the steps and says what is wrong, in sentences.
func (c Case) Check(ctx context.Context, baseURL string) []string {
	var problems []string
	for i, s := range c.Steps {
		for _, p := range s.check(ctx, baseURL) {
			problems = append(problems, fmt.Sprintf("step %d, %s %.200s: %s", i+1, s.Request.Method, s.Request.Target, p))
		}
	}
	return problems
}

func (s Step) check(ctx context.Context, baseURL string) []string {
	base, err := url.Parse(baseURL)
	if err != nil {
		return []string{err.Error()}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	before := clock()
	answer, err := s.Request.send(ctx, base.Host)
	if err != nil {
		return []string{err.Error()}
	}
	answer.sent, answer.received = before, clock()
	var problems problems
	e := s.Expect
	if answer.status != e.Status {
		problems.add("status %d, want %d; body %.300q", answer.status, e.Status, answer.body)
	}
	for name, want := range e.Headers {
		problems.header(base, s.Request.Target, name, answer.header, want)
	}
	if e.Text != nil && string(answer.body) != *e.Text {
		problems.add("body %q, want %q", answer.body, *e.Text)
	}
	if e.JSON != nil || e.Shape != nil || e.Rule != "" || e.Compact {
		problems.content(answer, e)
	}
	return problems
}

// answer is a response that has been read.
type answer struct {
	status         int
	header         http.Header
	body           []byte
	sent, received time.Time
}

// send speaks HTTP/1.1 by hand, since any client would clean the target.
func (r Request) send(ctx context.Context, host string) (*answer, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", host)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = conn.Close() }()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return nil, fmt.Errorf("set deadline: %w", err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", r.Method, r.Target, host)
	for name, value := range r.Headers {
		fmt.Fprintf(&b, "%s: %s\r\n", name, value)
	}
	if r.Body != "" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(r.Body))
	}
	b.WriteString("\r\n" + r.Body)
	if _, err := io.WriteString(conn, b.String()); err != nil {
		return nil, fmt.Errorf("send: %w", err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: r.Method})
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	body, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	return &answer{status: resp.StatusCode, header: resp.Header, body: body}, nil
}
