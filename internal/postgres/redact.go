package postgres

import (
	"net/url"
	"regexp"
)

const hidden = "xxxxx"

var (
	passwordWord = regexp.MustCompile(`(?i)((?:ssl)?password)\s*=\s*('(?:[^'\\]|\\.)*'|[^\s&]+)`)
	passwordPart = regexp.MustCompile(`(://[^/?#\s@:]*):\S*@`)
)

// Redact hides the passwords of a connection string, in both of its forms
// (postgres://user:password@host/db and user=… password=…).
func Redact(conn string) string {
	if u, err := url.Parse(conn); err == nil && u.Scheme != "" && u.User != nil {
		if _, set := u.User.Password(); set {
			u.User = url.UserPassword(u.User.Username(), hidden)
			conn = u.String()
		}
	}
	conn = passwordPart.ReplaceAllString(conn, "$1:"+hidden+"@")
	return passwordWord.ReplaceAllString(conn, "$1="+hidden)
}

// redactError hides passwords in the text of an error that may quote a connection string, and
// keeps the chain for errors.Is and errors.As.
func redactError(err error) error {
	if err == nil || Redact(err.Error()) == err.Error() {
		return err
	}
	return &redacted{err}
}

type redacted struct{ cause error }

func (r *redacted) Error() string { return Redact(r.cause.Error()) }
func (r *redacted) Unwrap() error { return r.cause }
