package app

import (
	"context"
	"errors"
	"testing"

	"github.com/candlewright/candlewright/internal/fault"
)

func TestExplainJoinsWhatThereIs(t *testing.T) {
	t.Parallel()
	cause := errors.New("no route")
	for want, err := range map[string]error{
		"no route":                  &fault.Error{Code: fault.DatabaseError, Err: cause},
		"try later: no route":       &fault.Error{Code: fault.Unavailable, Detail: "try later", Err: cause},
		"try later":                 &fault.Error{Code: fault.Unavailable, Detail: "try later"},
		string(fault.DatabaseError): &fault.Error{Code: fault.DatabaseError},
		"read: broken pipe":         errors.New("read:\n\tbroken pipe"),
	} {
		if got := explain(err); got != want {
			t.Errorf("%#v: %q, want %q", err, got, want)
		}
	}
}

func TestWasStoppedIsTrueOfASignalOnly(t *testing.T) {
	t.Parallel()
	stopped, stop := context.WithCancel(t.Context())
	stop()
	cancelled := &fault.Error{Code: fault.Cancelled, Err: errors.New("pipe closed")}
	for _, tc := range []struct {
		ctx  context.Context
		err  error
		want bool
	}{
		{stopped, context.Canceled, true},
		{stopped, cancelled, true},
		{stopped, nil, false},
		{stopped, errors.New("bad file"), false},
		{t.Context(), cancelled, false},
	} {
		if got := wasStopped(tc.ctx, tc.err); got != tc.want {
			t.Errorf("%v, %v: %v", tc.ctx.Err(), tc.err, got)
		}
	}
}
