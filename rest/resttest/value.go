package resttest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"unicode/utf8"
)

// value is JSON as it was written: keys in their order, numbers by their spelling.
type value struct {
	kind  kind
	text  string   // of a string decoded, of a number as spelled, "true" or "false"
	keys  []string // of an object
	items []value  // of an object by key, of an array
}

type kind string

const (
	null    kind = "null"
	boolean kind = "bool"
	number  kind = "number"
	text    kind = "string"
	array   kind = "array"
	object  kind = "object"
)

// parseValue reads one JSON text, and refuses what decoders put up with: a key
// twice in one object, bytes that are not UTF-8, more text behind.
func parseValue(b []byte) (value, error) {
	if !utf8.Valid(b) {
		return value{}, errors.New("not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	v, err := readValue(dec)
	if err != nil {
		return v, fmt.Errorf("not JSON: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return v, errors.New("more than one JSON value")
	}
	return v, nil
}

func readValue(dec *json.Decoder) (value, error) {
	tok, err := dec.Token()
	if err != nil {
		return value{}, err //nolint:wrapcheck // parseValue says what was read
	}
	switch tok := tok.(type) {
	case nil:
		return value{kind: null}, nil
	case bool:
		return value{kind: boolean, text: strconv.FormatBool(tok)}, nil
	case json.Number:
		return value{kind: number, text: tok.String()}, nil
	case string:
		return value{kind: text, text: tok}, nil
	}
	v := value{kind: array}
	if tok == json.Delim('{') {
		v.kind = object
	}
	for dec.More() {
		if v.kind == object {
			key, err := readValue(dec)
			if err != nil {
				return v, err
			}
			if slices.Contains(v.keys, key.text) {
				return v, fmt.Errorf("key %q twice", key.text)
			}
			v.keys = append(v.keys, key.text)
		}
		item, err := readValue(dec)
		if err != nil {
			return v, err
		}
		v.items = append(v.items, item)
	}
	_, err = dec.Token() // the closing delimiter
	return v, err        //nolint:wrapcheck // parseValue says what was read
}

func (v value) equal(w value) bool {
	return v.kind == w.kind && v.text == w.text && slices.Equal(v.keys, w.keys) && slices.EqualFunc(v.items, w.items, value.equal)
}

// get follows keys into nested objects; a path that is not there gives null.
func (v value) get(path ...string) value {
	for _, key := range path {
		i := slices.Index(v.keys, key)
		if i < 0 {
			return value{kind: null}
		}
		v = v.items[i]
	}
	return v
}

// String is the value as JSON, shortened.
func (v value) String() string {
	switch v.kind {
	case null:
		return "null"
	case text:
		return fmt.Sprintf("%.80q", v.text)
	case array:
		return fmt.Sprintf("an array of %d", len(v.items))
	case object:
		return fmt.Sprintf("an object of %.80q", v.keys)
	default: // a number or a bool
		return v.text
	}
}
