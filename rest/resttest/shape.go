package resttest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// matcher holds values to patterns. A pattern is a name,
//
//	null bool string   that kind of value
//	count              an integer from 0 on, without a point
//	rate score         0 to 100, 0 to 1: a point, one or two decimals, no needless zero
//	date               2024-11-13
//	time now           2024-11-13T10:31:00Z; now: the time of the answer
//	uuid               in lower case
//
// or an object with one of
//
//	{"raw": text}                        this JSON
//	{"object": {key: pattern, ...}}      exactly these keys in this order
//	{"array": pattern, "min": n, "max": n}
//	{"one_of": [text, ...]}  {"any": [pattern, ...]}  {"int": [low, high]}
type matcher struct {
	*problems
	answer *answer
}

// clockSlack is how far the clocks of server and test may be apart, beyond the
// second that the answer's time is cut to.
const clockSlack = 2 * time.Second

var spellings = map[string]*regexp.Regexp{
	"count": regexp.MustCompile(`^(0|[1-9][0-9]*)$`),
	"rate":  regexp.MustCompile(`^(100\.0|(0|[1-9][0-9]?)\.([0-9]|[0-9][1-9]))$`),
	"score": regexp.MustCompile(`^(1\.0|0\.([0-9]|[0-9][1-9]))$`),
	"time":  regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$`),
	"date":  regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`),
	"uuid":  regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`),
}

func (m matcher) match(at string, v, pattern value) {
	switch {
	case pattern.kind == text:
		m.named(at, v, pattern.text)
	case pattern.kind != object || len(pattern.keys) == 0:
		m.add("%s: the pattern %s has no known form", at, pattern)
	default:
		m.formed(at, v, pattern)
	}
}

func (m matcher) named(at string, v value, name string) {
	wanted := map[string]kind{
		"null": null, "bool": boolean, "string": text,
		"count": number, "rate": number, "score": number,
		"date": text, "time": text, "now": text, "uuid": text,
	}
	want, known := wanted[name]
	if !known {
		m.add("%s: no pattern is named %q", at, name)
		return
	}
	if v.kind != want {
		m.add("%s: %s, want %s", at, v, name)
		return
	}
	spelling := name
	if name == "now" {
		spelling = "time"
	}
	if re := spellings[spelling]; re != nil && !re.MatchString(v.text) {
		m.add("%s: %s is not spelled as %s", at, v, name)
		return
	}
	switch spelling {
	case "date":
		if _, err := time.Parse(time.DateOnly, v.text); err != nil {
			m.add("%s: %v", at, err)
		}
	case "time":
		instant, err := time.Parse(time.RFC3339, v.text)
		if err != nil {
			m.add("%s: %v", at, err)
		} else if name == "now" && (instant.Before(m.answer.sent.Add(-time.Second-clockSlack)) || instant.After(m.answer.received.Add(clockSlack))) {
			m.add("%s: %s is not the time of the answer, %s", at, v, m.answer.received.UTC().Format(time.RFC3339))
		}
	}
}

func (m matcher) formed(at string, v, pattern value) {
	arg := pattern.items[0]
	form := pattern.keys[0]
	if form != "array" && len(pattern.keys) > 1 {
		m.add("%s: the pattern has keys %q", at, pattern.keys)
		return
	}
	switch form {
	case "raw":
		want, err := parseValue([]byte(arg.text))
		if err != nil {
			m.add("%s: raw %q: %v", at, arg.text, err)
		} else if !v.equal(want) {
			m.add("%s: %s, want %s", at, v, arg.text)
		}
	case "object":
		m.object(at, v, arg)
	case "array":
		m.array(at, v, pattern)
	case "one_of":
		if !slices.ContainsFunc(arg.items, v.equal) {
			m.add("%s: %s is none of those allowed", at, v)
		}
	case "any":
		m.any(at, v, arg.items)
	case "int":
		m.integer(at, v, arg)
	default:
		m.add("%s: no pattern has the form %q", at, form)
	}
}

func (m matcher) object(at string, v, want value) {
	if v.kind != object || !slices.Equal(v.keys, want.keys) {
		m.add("%s: %s, want the keys %q in this order", at, v, want.keys)
		return
	}
	for i, key := range v.keys {
		m.match(at+"."+key, v.items[i], want.items[i])
	}
}

func (m matcher) array(at string, v, pattern value) {
	if v.kind != array {
		m.add("%s: %s, want an array", at, v)
		return
	}
	for i, key := range pattern.keys[1:] {
		bound, err := strconv.Atoi(pattern.items[i+1].text)
		switch {
		case err != nil || key != "min" && key != "max":
			m.add("%s: the pattern has %q: %s", at, key, pattern.items[i+1])
		case key == "min" && len(v.items) < bound, key == "max" && len(v.items) > bound:
			m.add("%s: %d elements, want %s %d", at, len(v.items), key, bound)
		}
	}
	for i, item := range v.items {
		m.match(fmt.Sprintf("%s[%d]", at, i), item, pattern.items[0])
	}
}

func (m matcher) any(at string, v value, patterns []value) {
	var all problems
	for _, p := range patterns {
		var one problems
		matcher{&one, m.answer}.match(at, v, p)
		if len(one) == 0 {
			return
		}
		all = append(all, one...)
	}
	m.add("%s fits none of the patterns: %q", at, []string(all))
}

func (m matcher) integer(at string, v, bounds value) {
	n, err := strconv.ParseInt(v.text, 10, 64)
	if v.kind != number || err != nil || len(bounds.items) != 2 {
		m.add("%s: %s, want an integer", at, v)
		return
	}
	low, err1 := strconv.ParseInt(bounds.items[0].text, 10, 64)
	high, err2 := strconv.ParseInt(bounds.items[1].text, 10, 64)
	if err1 != nil || err2 != nil || n < low || n > high {
		m.add("%s: %d, want %s to %s", at, n, bounds.items[0], bounds.items[1])
	}
}
