package resttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// problems is what is wrong with an answer, a sentence each.
type problems []string

func (p *problems) add(format string, args ...any) {
	*p = append(*p, fmt.Sprintf(format, args...))
}

func (p *problems) header(base *url.URL, target, name string, header http.Header, want json.RawMessage) {
	var form struct {
		Tokens     []string `json:"tokens"`
		ResolvesTo *string  `json:"resolves_to"`
	}
	got := header.Get(name)
	var exact string
	switch err := json.Unmarshal(want, &exact); {
	case string(want) == "null":
		if len(header.Values(name)) > 0 {
			p.add("header %s: %q, want none", name, got)
		}
		return
	case err == nil:
		if got != exact {
			p.add("header %s: %q, want %q", name, got, exact)
		}
		return
	}
	dec := json.NewDecoder(bytes.NewReader(want))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&form); err != nil || (form.Tokens == nil) == (form.ResolvesTo == nil) {
		p.add("header %s: the expectation %s has no known form (%v)", name, want, err)
		return
	}
	if form.Tokens != nil {
		tokens := strings.Split(strings.Join(header.Values(name), ","), ",")
		for i := range tokens {
			tokens[i] = strings.TrimSpace(tokens[i])
		}
		slices.Sort(tokens)
		if sorted := slices.Sorted(slices.Values(form.Tokens)); !slices.Equal(tokens, sorted) {
			p.add("header %s: tokens %q, want %q", name, tokens, sorted)
		}
		return
	}
	p.resolves(base, target, name, got, *form.ResolvesTo)
}

// resolves holds a reference, absolute or not, to the target that it has to lead to.
func (p *problems) resolves(base *url.URL, target, name, got, want string) {
	asked, err := base.Parse(target)
	if err != nil {
		p.add("target: %v", err)
		return
	}
	to, err := asked.Parse(got)
	if err != nil || got == "" {
		p.add("header %s: %q is no reference (%v)", name, got, err)
		return
	}
	if to.Scheme != base.Scheme || to.Host != base.Host || to.RequestURI() != want {
		p.add("header %s: %q leads to %s, want %s on the same host", name, got, to, want)
	}
}

// content checks the body as JSON.
func (p *problems) content(a *answer, e Expect) {
	body, err := parseValue(a.body)
	if err != nil {
		p.add("body %.300q: %v", a.body, err)
		return
	}
	if e.Compact {
		var short bytes.Buffer
		if err := json.Compact(&short, a.body); err != nil || !bytes.Equal(short.Bytes(), a.body) {
			p.add("body has white space between tokens or a line end: %.300q", a.body)
		}
	}
	if e.JSON != nil {
		if want, err := parseValue([]byte(*e.JSON)); err != nil {
			p.add("the expected JSON %q: %v", *e.JSON, err)
		} else if !body.equal(want) {
			p.add("body %s, want %s", a.body, *e.JSON)
		}
	}
	if e.Shape != nil {
		pattern, err := parseValue(e.Shape)
		if err != nil {
			p.add("the shape: %v", err)
			return
		}
		m := matcher{p, a}
		m.match("body", body, pattern)
	}
	if e.Rule != "" && a.status == http.StatusOK {
		p.rule(e.Rule, body)
	}
}
