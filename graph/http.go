package graph

import (
	"context"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/candlewright/candlewright/internal/fault"
)

// plainHTTP is GraphQL over HTTP: a POST or, for queries, a GET brings an
// operation, and one answer goes back.
//
// The draft's rules on status codes: what cannot be carried out is 400 in
// application/graphql-response+json and 200 in application/json, whose clients
// know no better; what was carried out is 200, whatever its errors; a request
// that is none is 4xx in both.
type plainHTTP struct{ cfg Config }

// Supports takes what no other transport did.
func (plainHTTP) Supports(*http.Request) bool { return true }

// Do answers a request.
func (t plainHTTP) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		w.Header().Set("Allow", "GET, POST, OPTIONS")
		t.refuse(w, r, exec, typeJSON, unread(http.StatusMethodNotAllowed, "", "The method is not supported: want POST, or GET for a query"))
		return
	}
	kind, ok := answerType(r.Header.Values("Accept"))
	if !ok {
		t.refuse(w, r, exec, typeJSON, unread(http.StatusNotAcceptable, "", "No answer of the accepted types can be given: want %s or %s", typeResponse, typeJSON))
		return
	}
	var params *graphql.RawParams
	var bad *unreadable
	if r.Method == http.MethodPost {
		params, bad = readBody(w, r, t.cfg.MaxBody)
	} else {
		params, bad = readURL(r, t.cfg.MaxBody)
	}
	if bad != nil {
		t.refuse(w, r, exec, kind, bad)
		return
	}
	ctx := r.Context()
	op, errs := exec.CreateOperationContext(ctx, params)
	if errs != nil {
		status := http.StatusOK
		if kind == typeResponse {
			status = http.StatusBadRequest
		}
		send(w, status, kind, encode(exec.DispatchError(graphql.WithOperationContext(ctx, op), errs)))
		return
	}
	if bad := fits(w, r, op.Operation.Operation); bad != nil {
		t.refuse(w, r, exec, kind, bad)
		return
	}
	answer, ctx := exec.DispatchOperation(ctx, op)
	resp := answer(ctx)
	if resp == nil { // its time was over, or the client gone, before it began
		shown := fault.Show(context.Cause(ctx))
		resp = exec.DispatchError(ctx, gqlerror.List{refusal(fault.Code(shown.Code), "%s", shown.Detail)})
	}
	send(w, http.StatusOK, kind, encode(resp))
}

// fits refuses operations that cannot come this way.
func fits(w http.ResponseWriter, r *http.Request, op ast.Operation) *unreadable {
	switch {
	case op == ast.Subscription:
		return unread(http.StatusBadRequest, "", "A subscription has more than one answer: use a websocket, or POST with Accept: %s", typeEvents)
	case op == ast.Mutation && r.Method == http.MethodGet:
		w.Header().Set("Allow", "POST")
		return unread(http.StatusMethodNotAllowed, "", "A mutation cannot come by GET: use POST")
	}
	return nil
}

// refuse answers a request that is none.
func (plainHTTP) refuse(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor, kind string, u *unreadable) {
	send(w, u.status, kind, encode(exec.DispatchError(r.Context(), gqlerror.List{u.err})))
}
