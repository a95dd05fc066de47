package graph

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/candlewright/candlewright/internal/fault"
)

// sockets is GraphQL over a websocket, by graphql-transport-ws and the older
// graphql-ws. (gqlgen's own transport knows both but closes with codes of its
// own where the first protocol names them.)
//
// The life of a connection:
//
//	opened -> connection_init -> acknowledged: operations -> closed
//
// Its handler returns when every goroutine of it has ended.
type sockets struct {
	cfg Config
	out errorsOut
}

const (
	initTimeout  = 10 * time.Second // to connection_init
	writeTimeout = 30 * time.Second // of one message; who takes longer is gone
)

// Close codes of graphql-transport-ws.
const (
	closeInvalid       websocket.StatusCode = 4400
	closeUnauthorized  websocket.StatusCode = 4401
	closeSubprotocol   websocket.StatusCode = 4406
	closeInitTimeout   websocket.StatusCode = 4408
	closeTakenID       websocket.StatusCode = 4409
	closeManyInits     websocket.StatusCode = 4429
	closeReasonInvalid                      = "Invalid message received"
)

// Supports takes an upgrade to a websocket; others (h2c) pass on to HTTP, which
// ignores them.
func (sockets) Supports(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// Do serves a connection until it closes.
func (t sockets) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols:       []string{modern.name, legacy.name},
		InsecureSkipVerify: true, // crossSite has looked at the origin
	})
	if err != nil {
		t.out.log.DebugContext(r.Context(), "websocket refused", "err", err.Error()) // the client has its answer
		return
	}
	conn.SetReadLimit(t.cfg.MaxBody)
	d, ok := dialects[conn.Subprotocol()]
	if !ok {
		_ = conn.Close(closeSubprotocol, "Subprotocol not acceptable") // it is closed in any case
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	c := &connection{cfg: t.cfg, out: t.out, exec: exec, conn: conn, dialect: d, header: r.Header, operations: map[string]*operation{}}
	// A server that stops says so: the end of the context alone would cut the line.
	stopped := context.AfterFunc(r.Context(), func() { c.close(websocket.StatusGoingAway, "The server is going away") })
	c.serve(ctx)
	stopped()
	cancel()
	c.running.Wait()
	_ = conn.CloseNow() // it is closed, or lost
}

// dialect is the words of a protocol.
type dialect struct {
	name                   string
	subscribe, next, stop  string
	terminate, keepAlive   string // of the older one alone
	invalid                websocket.StatusCode
	initTimeout, manyInits websocket.StatusCode
	unauthorized, takenID  websocket.StatusCode
}

var (
	modern = dialect{
		name: "graphql-transport-ws", subscribe: "subscribe", next: "next", stop: "complete",
		invalid: closeInvalid, initTimeout: closeInitTimeout, manyInits: closeManyInits,
		unauthorized: closeUnauthorized, takenID: closeTakenID,
	}
	legacy = dialect{
		name: "graphql-ws", subscribe: "start", next: "data", stop: "stop", terminate: "connection_terminate", keepAlive: "ka",
		invalid: websocket.StatusProtocolError, initTimeout: websocket.StatusProtocolError, manyInits: websocket.StatusProtocolError,
		unauthorized: websocket.StatusProtocolError, takenID: websocket.StatusProtocolError,
	}
	dialects = map[string]dialect{modern.name: modern, legacy.name: legacy}
)

// connection is one websocket.
type connection struct {
	cfg     Config
	out     errorsOut
	exec    graphql.GraphExecutor
	conn    *websocket.Conn
	dialect dialect
	header  http.Header
	running sync.WaitGroup
	closing sync.Once

	mu         sync.Mutex
	operations map[string]*operation
}

// message is what goes both ways.
type message struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// object reports whether there is a payload, and whether it is what it may be.
func (m message) object() (given, valid bool) {
	text := strings.TrimSpace(string(m.Payload))
	if text == "" || text == "null" {
		return false, true
	}
	return true, text[0] == '{'
}

func (c *connection) serve(ctx context.Context) {
	slow := time.AfterFunc(initTimeout, func() { c.close(c.dialect.initTimeout, "Connection initialisation timeout") })
	defer slow.Stop()
	acknowledged := false
	for {
		kind, text, err := c.conn.Read(context.WithoutCancel(ctx)) // its end would break the connection off
		if err != nil {
			return // closed by either side, or lost
		}
		var m message
		if kind != websocket.MessageText || json.Unmarshal(text, &m) != nil || m.Type == "" {
			c.close(c.dialect.invalid, closeReasonInvalid)
			return
		}
		if m.Type == "connection_init" {
			if _, valid := m.object(); !valid {
				c.close(c.dialect.invalid, closeReasonInvalid)
				return
			}
			if acknowledged {
				c.close(c.dialect.manyInits, "Too many initialisation requests")
				return
			}
			acknowledged = true
			slow.Stop()
			c.acknowledge(ctx)
			continue
		}
		if !c.handle(ctx, m, acknowledged) {
			return
		}
	}
}

// handle does what a message asks for; false where the connection ends with it.
func (c *connection) handle(ctx context.Context, m message, acknowledged bool) bool {
	switch m.Type {
	case "ping":
		c.send(ctx, message{Type: "pong", Payload: m.Payload})
	case "pong":
	case c.dialect.subscribe:
		given, valid := m.object()
		switch {
		case !acknowledged:
			c.close(c.dialect.unauthorized, "Unauthorized")
			return false
		case m.ID == "" || !given || !valid:
			c.close(c.dialect.invalid, closeReasonInvalid)
			return false
		}
		return c.begin(ctx, m)
	case c.dialect.stop:
		c.end(m.ID)
	default:
		if m.Type == c.dialect.terminate {
			c.close(websocket.StatusNormalClosure, "")
		} else {
			c.close(c.dialect.invalid, closeReasonInvalid)
		}
		return false
	}
	return true
}

func (c *connection) acknowledge(ctx context.Context) {
	c.send(ctx, message{Type: "connection_ack"})
	if c.dialect.keepAlive != "" {
		c.send(ctx, message{Type: c.dialect.keepAlive})
	}
	c.running.Go(func() { c.keepAlive(ctx) })
}

// keepAlive looks now and then whether the client is there still.
func (c *connection) keepAlive(ctx context.Context) {
	tick := time.NewTicker(c.cfg.KeepAlive)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if c.dialect.keepAlive != "" {
			c.send(ctx, message{Type: c.dialect.keepAlive})
		}
		soon, cancel := context.WithTimeout(ctx, c.cfg.KeepAlive)
		err := c.conn.Ping(soon)
		cancel()
		if err != nil && ctx.Err() == nil {
			_ = c.conn.CloseNow() // it does not answer
			return
		}
	}
}

// close ends the connection, once, and waits for the other side to agree, but
// not for long.
func (c *connection) close(code websocket.StatusCode, reason string) {
	c.closing.Do(func() { _ = c.conn.Close(code, reason) }) // it is closed in any case
}

// frame is the text of a message; its payload is written as it is.
func (m message) frame() []byte {
	payload := m.Payload
	m.Payload = nil
	text := mustJSON(m)
	if len(payload) == 0 {
		return text
	}
	text = append(text[:len(text)-1], `,"payload":`...)
	return append(append(text, payload...), '}')
}

// send writes a message whole or not at all: the end of what it is about must not
// break the connection off.
func (c *connection) send(ctx context.Context, m message) {
	text := m.frame()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	_ = c.conn.Write(ctx, websocket.MessageText, text) // fails when the connection is gone, which its reader sees
}

// operation is one operation of a connection.
type operation struct {
	c      *connection
	id     string
	cancel context.CancelFunc

	mu   sync.Mutex // held while a message of it is written
	over bool
}

// begin starts an operation; false where the connection ends with it.
func (c *connection) begin(ctx context.Context, m message) bool {
	ctx, cancel := context.WithCancel(ctx)
	op := &operation{c: c, id: m.ID, cancel: cancel}
	c.mu.Lock()
	_, taken := c.operations[m.ID]
	full := len(c.operations) >= c.cfg.MaxSubscriptions
	if !taken && !full {
		c.operations[m.ID] = op
	}
	c.mu.Unlock()
	switch {
	case taken:
		cancel()
		c.close(c.dialect.takenID, "Subscriber for "+clip(m.ID)+" already exists")
		return false
	case full:
		cancel()
		op.fail(ctx, c.exec.DispatchError(ctx, gqlerror.List{refusal(fault.RateLimited,
			"This connection has %d operations open, as many as it may: complete one, or open another connection", c.cfg.MaxSubscriptions)}))
		return true
	}
	c.running.Go(func() {
		defer c.forget(op)
		defer cancel()
		defer op.recover(ctx)
		op.run(ctx, m.Payload)
	})
	return true
}

// clip keeps the reason of a close within what a frame can hold.
func clip(id string) string {
	const most = 60
	if len(id) > most {
		return strings.ToValidUTF8(id[:most], "") + "…"
	}
	return id
}

// end stops an operation at the client's wish: nothing of it is sent any more.
func (c *connection) end(id string) {
	c.mu.Lock()
	op := c.operations[id]
	c.mu.Unlock()
	if op == nil {
		return
	}
	op.cancel()
	op.mu.Lock()
	op.over = true
	op.mu.Unlock()
	c.forget(op)
}

func (c *connection) forget(op *operation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.operations[op.id] == op {
		delete(c.operations, op.id)
	}
}

func (op *operation) run(ctx context.Context, payload json.RawMessage) {
	ctx = graphql.StartOperationTrace(ctx)
	start := graphql.Now()
	params, bad := decodeParams(payload)
	if bad != nil {
		op.fail(ctx, op.c.exec.DispatchError(ctx, gqlerror.List{bad.err}))
		return
	}
	params.Headers, params.ReadTime = op.c.header, graphql.TraceTiming{Start: start, End: graphql.Now()}
	made, errs := op.c.exec.CreateOperationContext(ctx, params)
	if errs != nil {
		op.fail(ctx, op.c.exec.DispatchError(graphql.WithOperationContext(ctx, made), errs))
		return
	}
	answer, ctx := op.c.exec.DispatchOperation(ctx, made)
	for resp := answer(ctx); resp != nil; resp = answer(ctx) {
		op.send(ctx, message{ID: op.id, Type: op.c.dialect.next, Payload: encode(resp)})
	}
	if ctx.Err() == nil || errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		op.c.forget(op) // before the client may use the id again
		op.send(ctx, message{ID: op.id, Type: "complete"})
	}
}

// recover answers an operation that panicked outside of its fields.
func (op *operation) recover(ctx context.Context) {
	if v := recover(); v != nil {
		shown := fault.Show(op.c.out.recovered(ctx, v))
		op.fail(ctx, op.c.exec.DispatchError(ctx, gqlerror.List{refusal(fault.Code(shown.Code), "%s", shown.Detail)}))
	}
}

// fail answers an operation that cannot begin; nothing follows that.
func (op *operation) fail(ctx context.Context, resp *graphql.Response) {
	op.c.forget(op)
	op.send(ctx, message{ID: op.id, Type: "error", Payload: mustJSON(resp.Errors)})
}

func (op *operation) send(ctx context.Context, m message) {
	op.mu.Lock()
	defer op.mu.Unlock()
	if !op.over {
		op.c.send(ctx, m)
	}
}
