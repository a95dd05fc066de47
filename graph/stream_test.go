package graph_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/postgres/pgtest"
	"github.com/candlewright/candlewright/internal/store"
)

const progress = `subscription($job: UUID!, $after: Long) { runProgress(jobId: $job, after: $after) { seq status stage timeframe recordsTotal recordsDone fraction recordsPerSecond etaSeconds message at } }`

// event writes an event of a run, as the process that carries it out would.
func (w *world) event(run pipeline.Run, status pipeline.RunStatus, done int64) {
	w.t.Helper()
	stage := pipeline.StageStore
	if status.Ended() {
		stage = pipeline.StageDone
	}
	check(w.t, w.store.InTx(w.t.Context(), func(tx *store.Tx) error {
		switch {
		case status.Ended():
			if _, err := tx.EndRun(w.t.Context(), run.ID, store.RunEnd{Status: status, RecordsDone: done}, now); err != nil {
				return err
			}
		case done == 0:
			if _, err := tx.StartRun(w.t.Context(), run.ID, 1, now); err != nil {
				return err
			}
		}
		_, err := tx.AppendEvent(w.t.Context(), run.ID, pipeline.Progress{Status: status, Stage: stage, RecordsTotal: 100, RecordsDone: done, At: now})
		return err
	}))
}

// sse posts an operation and gives its events, "next" with data, then "complete".
func (w *world) sse(ctx context.Context, query string, vars map[string]any) <-chan string {
	w.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": vars})
	check(w.t, err)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, strings.NewReader(string(body)))
	check(w.t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	resp, err := http.DefaultClient.Do(req) //nolint:bodyclose // whoever reads the events closes it
	check(w.t, err)
	if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		text, _ := io.ReadAll(resp.Body)
		w.t.Fatalf("stream: %d %s %s", resp.StatusCode, resp.Header.Get("Content-Type"), text)
	}
	events := make(chan string)
	go func() {
		defer close(events)
		defer resp.Body.Close()
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 1<<20)
		kind := ""
		for lines.Scan() {
			switch field, value, _ := strings.Cut(lines.Text(), ":"); field {
			case "event":
				kind = strings.TrimSpace(value)
			case "data":
				if value = strings.TrimSpace(value); value == "" {
					value = kind
				}
				select {
				case events <- value:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return events
}

// next waits for an event.
func next(t *testing.T, events <-chan string) string {
	t.Helper()
	select {
	case e, ok := <-events:
		if !ok {
			t.Fatal("the stream has ended")
		}
		return e
	case <-time.After(20 * time.Second):
		t.Fatal("no event came")
	}
	return ""
}

type seen struct {
	Seq                      int64
	Status, Stage            string
	RecordsDone              int64
	Fraction                 float64
	RecordsTotal, EtaSeconds *int64
	Timeframe, Message       *string
}

func progressOf(t *testing.T, text string) seen {
	t.Helper()
	var e struct {
		Data   struct{ RunProgress seen }
		Errors []gqlError
	}
	if err := json.Unmarshal([]byte(text), &e); err != nil || len(e.Errors) > 0 {
		t.Fatalf("%v: %s", err, text)
	}
	return e.Data.RunProgress
}

// TestARunOfAnotherProcessIsSeenToItsEnd follows a run by server-sent events and
// by websocket in one process while another process carries it out.
func TestARunOfAnotherProcessIsSeenToItsEnd(t *testing.T) {
	t.Parallel()
	url := pgtest.NewURL(t)
	worker, server := worldOn(t, url), worldOn(t, url)
	run := worker.newRun("BTC")
	vars := map[string]any{"job": run.JobID}
	events := server.sse(t.Context(), progress, vars)
	socket := server.socket("graphql-transport-ws")
	defer socket.close()
	socket.send(`{"id":"1","type":"subscribe","payload":%s}`, payload(progress, vars))
	follow := func() []seen {
		return []seen{progressOf(t, next(t, events)), progressOf(t, socket.next("next", "1"))}
	}
	for i, first := range follow() {
		if first.Seq != 0 || first.Status != "QUEUED" || first.Stage != "FETCH" || first.Fraction != 0 {
			t.Errorf("%d: the present state of a queued run: %+v", i, first)
		}
	}
	for i := range 3 {
		worker.event(run, pipeline.RunInProgress, int64(i*30))
		for _, p := range follow() {
			if p.Seq != int64(i+1) || p.Status != "IN_PROGRESS" || p.RecordsDone != int64(i*30) || p.Fraction != float64(i*30)/100 {
				t.Errorf("event %d: %+v", i+1, p)
			}
		}
	}
	worker.event(run, pipeline.RunCompleted, 100)
	for _, p := range follow() {
		if p.Seq != 4 || p.Status != "COMPLETED" || p.Stage != "DONE" || p.Fraction != 1 {
			t.Errorf("the end: %+v", p)
		}
	}
	if e := next(t, events); e != "complete" {
		t.Errorf("after the end: %s", e)
	}
	socket.next("complete", "1")

	again := server.sse(t.Context(), progress, vars)
	if p := progressOf(t, next(t, again)); p.Seq != 4 || p.Status != "COMPLETED" {
		t.Errorf("a run that has ended: %+v", p)
	}
	if e := next(t, again); e != "complete" {
		t.Errorf("after its end: %s", e)
	}
}

// TestAfterGivesEveryEvent asks for all events since one that was seen.
func TestAfterGivesEveryEvent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.newRun("BTC")
	const n = 1200 // more than one page
	for i := range n {
		w.event(run, pipeline.RunInProgress, int64(i))
	}
	events := w.sse(t.Context(), progress, map[string]any{"job": run.JobID, "after": 5})
	for seq := int64(6); seq <= n; seq++ {
		if p := progressOf(t, next(t, events)); p.Seq != seq {
			t.Fatalf("event %d came as %d", p.Seq, seq)
		}
	}
	w.event(run, pipeline.RunFailed, 50)
	if p := progressOf(t, next(t, events)); p.Seq != n+1 || p.Status != "FAILED" {
		t.Errorf("the end: %+v", p)
	}
	if e := next(t, events); e != "complete" {
		t.Errorf("after the end: %s", e)
	}
	all := w.sse(t.Context(), progress, map[string]any{"job": run.JobID, "after": n + 1})
	if e := next(t, all); e != "complete" {
		t.Errorf("everything was seen: %s", e)
	}
}

// TestASlowReaderGetsTheLastState does not read while a run goes from its
// beginning to its end.
func TestASlowReaderGetsTheLastState(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.newRun("BTC")
	watched, err := w.service.WatchRun(t.Context(), run.JobID, nil)
	check(t, err)
	for i := range 50 {
		w.event(run, pipeline.RunInProgress, int64(i))
	}
	w.event(run, pipeline.RunCompleted, 100)
	last, n := int64(-1), 0
	for p := range watched {
		if p.Seq <= last && n > 0 {
			t.Errorf("%d came after %d", p.Seq, last)
		}
		last = p.Seq
		n++
	}
	if last != 51 {
		t.Errorf("the last of %d states is %d, want 51", n, last)
	}
}

// TestALostNotificationIsHealed writes an event without announcing it.
func TestALostNotificationIsHealed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.newRun("BTC")
	events := w.sse(t.Context(), progress, map[string]any{"job": run.JobID})
	next(t, events)
	for _, sql := range []string{
		`INSERT INTO run_events (symbol_id, run_id, seq, progress, at) VALUES ($1, $2, 1, '{"status":"in_progress","stage":"compute","timeframe":"1h","message":"quiet","at":"2026-11-24T21:00:00Z"}', '2026-11-24')`,
		`UPDATE enrichment_runs SET event_seq = 1, status = 'in_progress' WHERE symbol_id = $1 AND id = $2`,
	} {
		_, err := w.pool.Exec(t.Context(), sql, run.SymbolID, run.ID)
		check(t, err)
	}
	p := progressOf(t, next(t, events))
	if p.Seq != 1 || p.Stage != "COMPUTE" || *p.Timeframe != "H1" || *p.Message != "quiet" {
		t.Errorf("%+v", p)
	}
}

func TestSubscriptionsThatCannotBegin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.newRun("BTC")
	socket := w.socket("graphql-transport-ws")
	defer socket.close()
	for i, c := range []struct {
		query, code string
		vars        map[string]any
	}{
		{progress, "NOT_FOUND", map[string]any{"job": "550e8400-e29b-41d4-a716-446655440000"}},
		{progress, "BAD_USER_INPUT", map[string]any{"job": "nonsense"}},
		{progress, "BAD_USER_INPUT", map[string]any{"job": run.JobID, "after": -1}},
		{progress, "BAD_USER_INPUT", map[string]any{}},
		{`subscription {`, "GRAPHQL_PARSE_FAILED", nil},
		{`subscription { nothing }`, "GRAPHQL_VALIDATION_FAILED", nil},
		{aliases(101), "COMPLEXITY_LIMIT_EXCEEDED", nil},
	} {
		events := w.sse(t.Context(), c.query, c.vars)
		var a struct {
			Data   any
			Errors []gqlError
		}
		first := next(t, events)
		check(t, json.Unmarshal([]byte(first), &a))
		if len(a.Errors) == 0 || a.Errors[0].code() != c.code || a.Data != nil || a.Errors[0].Extensions["requestId"] == nil {
			t.Errorf("%s: %s", c.code, first)
		}
		if e := next(t, events); e != "complete" {
			t.Errorf("afterwards: %s", e)
		}
		id := fmt.Sprint("op", i)
		socket.send(`{"id":%q,"type":"subscribe","payload":%s}`, id, payload(c.query, c.vars))
		if m := socket.any(id); !strings.Contains(m, `"code":"`+c.code+`"`) {
			t.Errorf("%s by websocket: %s", c.code, m)
		}
	}
}

// TestQueriesAndMutationsStreamToo sends them by SSE and by both subprotocols.
func TestQueriesAndMutationsStreamToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill(2)
	const query = `{ symbols { nodes { ticker fetchLogs(first: 1) { nodes { symbol { ticker } } } } } }`
	want := `{"data":{"symbols":{"nodes":[{"ticker":"S1","fetchLogs":{"nodes":[{"symbol":{"ticker":"S1"}}]}},{"ticker":"S2","fetchLogs":{"nodes":[{"symbol":{"ticker":"S2"}}]}}]}}}`
	const mutation = `mutation { untrackSymbol(input: {ticker: "s1", assetClass: CRYPTO, clientMutationId: "x"}) { symbol { active health { nextEnrichment } } clientMutationId } }`
	events := w.sse(t.Context(), query, nil)
	same(t, "a query by SSE", []string{next(t, events), next(t, events)}, []string{want, "complete"})
	for _, c := range []struct{ protocol, begin, next string }{{"graphql-transport-ws", "subscribe", "next"}, {"graphql-ws", "start", "data"}} {
		s := w.socket(c.protocol)
		s.send(`{"id":"q","type":%q,"payload":%s}`, c.begin, payload(query, nil))
		same(t, c.protocol, s.next(c.next, "q"), want)
		s.next("complete", "q")
		s.send(`{"id":"q","type":%q,"payload":%s}`, c.begin, payload(mutation, nil)) // the id is free again
		same(t, c.protocol, s.next(c.next, "q"), `{"data":{"untrackSymbol":{"symbol":{"active":false,"health":{"nextEnrichment":null}},"clientMutationId":"x"}}}`)
		s.next("complete", "q")
		s.close()
	}
}

// TestSocketsAreClosedAsTheProtocolSays sends what the protocol forbids.
func TestSocketsAreClosedAsTheProtocolSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *graphConfig, _ *enrichDeps) { c.MaxSubscriptions = 2 })
	run := w.newRun("BTC")
	watch := payload(progress, map[string]any{"job": run.JobID})
	for name, c := range map[string]struct {
		messages []string
		code     websocket.StatusCode
	}{
		"no init":         {[]string{`{"id":"1","type":"subscribe","payload":{"query":"{ __typename }"}}`}, 4401},
		"two inits":       {[]string{`{"type":"connection_init"}`, `{"type":"connection_init"}`}, 4429},
		"no JSON":         {[]string{`{"type":"connection_init"}`, `{`}, 4400},
		"no type":         {[]string{`{"type":"connection_init"}`, `{"id":"1"}`}, 4400},
		"an unknown type": {[]string{`{"type":"connection_init"}`, `{"type":"hello"}`}, 4400},
		"an odd init":     {[]string{`{"type":"connection_init","payload":"secret"}`}, 4400},
		"no payload":      {[]string{`{"type":"connection_init"}`, `{"id":"1","type":"subscribe"}`}, 4400},
		"no id":           {[]string{`{"type":"connection_init"}`, `{"type":"subscribe","payload":{"query":"{ __typename }"}}`}, 4400},
		"an id twice":     {[]string{`{"type":"connection_init"}`, `{"id":"1","type":"subscribe","payload":` + watch + `}`, `{"id":"1","type":"subscribe","payload":` + watch + `}`}, 4409},
		"two megabytes":   {[]string{`{"type":"connection_init"}`, `{"type":"ping","payload":"` + strings.Repeat("x", 2<<20) + `"}`}, websocket.StatusMessageTooBig},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, w.url, "graphql-transport-ws")
			defer func() { _ = conn.CloseNow() }()
			var err error
			for _, m := range c.messages {
				_ = conn.Write(t.Context(), websocket.MessageText, []byte(m)) // the last ones may find it closed
			}
			for {
				if _, _, err = conn.Read(t.Context()); err != nil {
					break
				}
			}
			if got := websocket.CloseStatus(err); got != c.code {
				t.Errorf("closed with %d (%v), want %d", got, err, c.code)
			}
		})
	}
	conn := dial(t, w.url, "chat")
	if _, _, err := conn.Read(t.Context()); websocket.CloseStatus(err) != 4406 {
		t.Errorf("another subprotocol: %v", err)
	}

	s := w.socket("graphql-transport-ws")
	defer s.close()
	for _, id := range []string{"a", "b", "c"} {
		s.send(`{"id":%q,"type":"subscribe","payload":%s}`, id, watch)
	}
	if m := s.next("error", "c"); !strings.Contains(m, `"code":"RATE_LIMITED"`) {
		t.Errorf("the third of two: %s", m)
	}
	s.next("next", "a")
	s.send(`{"id":"a","type":"complete"}`)
	s.send(`{"type":"ping","payload":{"n":1}}`)
	if m := s.next("pong", ""); m != `{"n":1}` {
		t.Errorf("pong: %s", m)
	}
	s.send(`{"id":"c","type":"subscribe","payload":%s}`, watch)
	s.next("next", "c")
	w.event(run, pipeline.RunInProgress, 0)
	s.next("next", "c")
	if s.came("next", "a") != 1 {
		t.Error("an operation that the client completed goes on")
	}
}

// TestManyWatchOneRun lets subscribers come and go while a run goes on.
func TestManyWatchOneRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.newRun("BTC")
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			states, err := w.service.WatchRun(ctx, run.JobID, nil)
			if err != nil {
				t.Error(err)
				return
			}
			var last *pipeline.Progress
			for p := range states {
				last = p
				if i%4 == 0 {
					return // has seen enough
				}
			}
			if last == nil || last.Status != pipeline.RunCompleted {
				t.Errorf("the last state is %+v", last)
			}
		})
	}
	for i := range 20 {
		w.event(run, pipeline.RunInProgress, int64(i))
	}
	w.event(run, pipeline.RunCompleted, 100)
	all.Wait()
}

func TestWithoutAListenerThereIsNoLiveProgress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	quiet := enrich.New(enrich.Deps{Store: w.store, Now: func() time.Time { return now }, Queue: w.queue})
	run := w.newRun("BTC")
	if _, err := quiet.WatchRun(t.Context(), run.JobID, nil); err == nil || !strings.Contains(err.Error(), "UNAVAILABLE") {
		t.Errorf("%v", err)
	}
}

func payload(query string, vars map[string]any) string {
	b, _ := json.Marshal(map[string]any{"query": query, "variables": vars})
	return string(b)
}

// socket is a websocket whose messages are kept until they are asked for.
type socket struct {
	t    testing.TB
	conn *websocket.Conn
	all  []wsMessage
}

type wsMessage struct {
	ID, Type string
	Payload  json.RawMessage
	taken    bool
}

func dial(t testing.TB, url, protocol string) *websocket.Conn {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{Subprotocols: []string{protocol}}) //nolint:bodyclose // it closes the body itself
	check(t, err)
	return conn
}

func (w *world) socket(protocol string) *socket {
	w.t.Helper()
	conn := dial(w.t, w.url, protocol)
	conn.SetReadLimit(1 << 20)
	s := &socket{t: w.t, conn: conn}
	s.send(`{"type":"connection_init","payload":{}}`)
	s.next("connection_ack", "")
	return s
}

func (s *socket) send(format string, args ...any) {
	s.t.Helper()
	check(s.t, s.conn.Write(s.t.Context(), websocket.MessageText, fmt.Appendf(nil, format, args...)))
}

// next waits for a message of a type and operation, and gives its payload.
func (s *socket) next(kind, id string) string {
	s.t.Helper()
	return s.wait(func(m wsMessage) bool { return m.Type == kind && m.ID == id })
}

// any waits for a message of an operation.
func (s *socket) any(id string) string {
	s.t.Helper()
	return s.wait(func(m wsMessage) bool { return m.ID == id })
}

func (s *socket) wait(wanted func(wsMessage) bool) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	for i := 0; ; i++ {
		if i == len(s.all) {
			_, text, err := s.conn.Read(ctx)
			if err != nil {
				s.t.Fatalf("no such message came: %v; %d did", err, len(s.all))
			}
			var m wsMessage
			check(s.t, json.Unmarshal(text, &m))
			s.all = append(s.all, m)
		}
		if m := &s.all[i]; !m.taken && wanted(*m) {
			m.taken = true
			return string(m.Payload)
		}
	}
}

// came counts the messages of a type and operation that have come.
func (s *socket) came(kind, id string) int {
	n := 0
	for _, m := range s.all {
		if m.Type == kind && m.ID == id {
			n++
		}
	}
	return n
}

func (s *socket) close() { _ = s.conn.Close(websocket.StatusNormalClosure, "") }
