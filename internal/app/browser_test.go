package app_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser is a page in a headless Chromium. It notes what the page asked for and
// what the browser had to complain about.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	hosts      []string          // that were asked for anything
	complaints []string          // exceptions, errors of the console, refusals by the page's policy
	posts      []network.Headers // of the requests that were posted
	frames     []string          // that were sent over websockets
}

// startBrowser starts a browser that ends with the test.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("skipped without a browser: neither chromium nor google-chrome is installed (deploy/ensure.sh chromium)")
	}
	ctx, stop := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), slices.Concat(chromedp.DefaultExecAllocatorOptions[:], []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.WindowSize(1500, 950), chromedp.DisableGPU,
		// Nothing but the test's server is asked for anything.
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("no-proxy-server", true),
	})...)
	t.Cleanup(stop)
	ctx, _ = chromedp.NewContext(ctx)
	t.Cleanup(func() { // before the server, which waits for its sockets
		limited, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		if err := chromedp.Cancel(limited); err != nil {
			t.Logf("end the browser: %v", err)
		}
	})
	b := &browser{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, b.note); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	return b
}

// note takes down an event. It runs on the browser's reading goroutine.
func (b *browser) note(ev any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch ev := ev.(type) {
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(ev.Request.URL); err == nil && u.Scheme != "data" && u.Scheme != "blob" && !slices.Contains(b.hosts, u.Host) {
			b.hosts = append(b.hosts, u.Host)
		}
		if ev.Request.Method == "POST" {
			b.posts = append(b.posts, ev.Request.Headers)
		}
	case *network.EventWebSocketCreated:
		if u, err := url.Parse(ev.URL); err == nil && !slices.Contains(b.hosts, u.Host) {
			b.hosts = append(b.hosts, u.Host)
		}
	case *network.EventWebSocketFrameSent:
		b.frames = append(b.frames, string(ev.Response.PayloadData))
	case *runtime.EventExceptionThrown:
		text := ev.ExceptionDetails.Text
		if ev.ExceptionDetails.Exception != nil {
			text += " " + ev.ExceptionDetails.Exception.Description
		}
		b.complaints = append(b.complaints, text)
	case *runtime.EventConsoleAPICalled:
		if ev.Type == runtime.ConsoleAPICalledTypeError {
			for _, arg := range ev.Args {
				b.complaints = append(b.complaints, "console: "+string(arg.Value)+arg.Description)
			}
		}
	case *log.EventEntryAdded:
		if ev.Entry.Level == log.EntryLevelError {
			b.complaints = append(b.complaints, fmt.Sprintf("%s: %s %s", ev.Entry.Source, ev.Entry.Text, ev.Entry.URL))
		}
	}
}

func (b *browser) open(address string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(address)); err != nil {
		b.t.Fatalf("open %s: %v", address, err)
	}
}

// click presses the mouse on what a CSS selector finds.
func (b *browser) click(selector string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		b.fail(fmt.Errorf("click %s: %w", selector, err))
	}
}

// patience is how long the page may take for what a test waits for.
const patience = 2 * time.Minute

// until waits for a JavaScript expression to be true; what says what that means.
func (b *browser) until(what, expression string) {
	b.t.Helper()
	wait := fmt.Sprintf(`new Promise((done) => {
		const end = Date.now() + %d;
		(function look() {
			let held = false;
			try { held = (() => (%s))(); } catch {}
			if (held || Date.now() > end) done(Boolean(held)); else setTimeout(look, 20);
		})();
	})`, patience.Milliseconds(), expression)
	held, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](wait, chromedp.EvalAwaitPromise))
	if err != nil || !held {
		b.fail(fmt.Errorf("never came: %s (%w)", what, cmp.Or(err, errors.New("waited "+patience.String()))))
	}
}

// fail ends the test with a picture and what the browser complains about.
func (b *browser) fail(err error) {
	b.t.Helper()
	b.shoot("failed.png")
	b.mu.Lock()
	defer b.mu.Unlock()
	b.t.Fatalf("%v\nthe browser complains: %q", err, b.complaints)
}

// eval gives the value of a JavaScript expression.
func eval[T any](b *browser, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("evaluate %s: %v", expression, err)
	}
	return v
}

// shoot takes a picture of the page; go test -artifacts keeps it.
func (b *browser) shoot(name string) {
	b.t.Helper()
	picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(b.t.ArtifactDir(), name), picture, 0o600)
	}
	if err != nil {
		b.t.Errorf("screenshot %s: %v", name, err)
	}
}

// quiet fails where the page asked a foreign host, or the browser complained.
func (b *browser) quiet(base string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if own := strings.TrimPrefix(base, "http://"); !slices.Equal(b.hosts, []string{own}) {
		b.t.Errorf("the page asked %q, want %q alone", b.hosts, own)
	}
	if len(b.complaints) > 0 {
		b.t.Errorf("the browser complains:\n%s", strings.Join(b.complaints, "\n"))
	}
}

// posted says whether a request was posted with a header.
func (b *browser) posted(name, value string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.ContainsFunc(b.posts, func(h network.Headers) bool {
		for k, v := range h {
			if strings.EqualFold(k, name) && v == value {
				return true
			}
		}
		return false
	})
}

// greeted says whether a websocket was opened with a value in its first message.
func (b *browser) greeted(name, value string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.ContainsFunc(b.frames, func(text string) bool {
		var m struct {
			Type    string
			Payload map[string]any
		}
		return json.Unmarshal([]byte(text), &m) == nil && m.Type == "connection_init" && m.Payload[name] == value
	})
}
