package rest

import (
	"errors"
	"net/http"

	"github.com/candlewright/candlewright/internal/fault"
)

// fail answers a request that could not be answered: 422 in pydantic's words, all
// else as fault.Show says. Faults of ours are logged with their cause, which the
// client is never told.
func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	if u, ok := errors.AsType[*unprocessable](err); ok {
		_ = write(w, r, http.StatusUnprocessableEntity, unprocessables{[]*unprocessable{u}}) // texts always encode
		return
	}
	shown := fault.Show(err)
	if shown.Ours() {
		a.log.ErrorContext(r.Context(), "request failed", "err", err, "code", shown.Code)
	}
	writeDetail(w, r, shown.Status, shown.Detail)
}

// writeDetail answers {"detail": text}.
func writeDetail(w http.ResponseWriter, r *http.Request, status int, text string) {
	_ = write(w, r, status, detailBody{text}) // a text always encodes
}
