package graph

import (
	"encoding/base64"
	"encoding/binary"
	"hash/fnv"
	"strings"
	"time"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/market"
)

// A cursor is base64url of
//
//	version (1 byte), kind of list (1 byte), list (4 bytes), key
//
// where list is a hash of what makes the list this one (whose it is, its order,
// its filter): a cursor means nothing in another list and is refused there.
const cursorVersion = 1

// cursorHead is how many bytes come before the key.
const cursorHead = 6

// listKind is a kind of list; the values are in cursors that clients hold.
type listKind byte

const (
	symbolList listKind = iota + 1
	candleList
	gapList
	runList
	fetchLogList
	computeLogList
	correctionList
	dailyMetricList
)

// cursors makes and reads the cursors of one list.
type cursors struct {
	kind listKind
	list uint32
}

// cursorsOf are the cursors of a list; parts tell it from others of its kind.
func cursorsOf(kind listKind, parts ...string) cursors {
	h := fnv.New32a()
	for _, p := range parts {
		var size [binary.MaxVarintLen64]byte
		_, _ = h.Write(size[:binary.PutUvarint(size[:], uint64(len(p)))]) // a hash takes everything
		_, _ = h.Write([]byte(p))
	}
	return cursors{kind, h.Sum32()}
}

func (c cursors) head() []byte {
	return binary.BigEndian.AppendUint32([]byte{cursorVersion, byte(c.kind)}, c.list)
}

// timeKey makes the cursor of a row that is ordered by an instant and an id.
func (c cursors) timeKey(k enrich.Key) string {
	b := binary.AppendVarint(c.head(), k.At.UnixMicro())
	return base64.RawURLEncoding.EncodeToString(binary.AppendUvarint(b, uint64(k.ID)))
}

// stamp makes the cursor of a row that is ordered by whole seconds alone.
func (c cursors) stamp(ts time.Time) string {
	return base64.RawURLEncoding.EncodeToString(binary.AppendVarint(c.head(), ts.Unix()))
}

// symbol makes the cursor of a symbol.
func (c cursors) symbol(s market.Symbol) string {
	return base64.RawURLEncoding.EncodeToString(append(c.head(), s.String()...))
}

func badCursor(argument string) error {
	return fault.BadCursor(argument, "The cursor is none of this list: want a cursor of a page of the same list, with the same filter and order")
}

// key gives the bytes of a cursor's key.
func (c cursors) key(argument, cursor string) ([]byte, error) {
	const longest = 64
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(cursor) > longest || len(b) <= cursorHead || string(b[:cursorHead]) != string(c.head()) {
		return nil, badCursor(argument)
	}
	return b[cursorHead:], nil
}

// The keys of rows lie between these; others were made by hand.
var firstInstant, lastInstant = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

func within(t time.Time) bool { return !t.Before(firstInstant) && t.Before(lastInstant) }

// readTimeKey reads a cursor that timeKey made; nil is nil.
func (c cursors) readTimeKey(argument string, cursor *string) (*enrich.Key, error) {
	if cursor == nil {
		return nil, nil //nolint:nilnil // no cursor, no key
	}
	b, err := c.key(argument, *cursor)
	if err != nil {
		return nil, err
	}
	micro, n := binary.Varint(b)
	if n <= 0 {
		return nil, badCursor(argument)
	}
	id, m := binary.Uvarint(b[n:])
	k := enrich.Key{At: time.UnixMicro(micro).UTC(), ID: int64(id)}
	if m <= 0 || k.ID <= 0 || !within(k.At) || c.timeKey(k) != *cursor {
		return nil, badCursor(argument)
	}
	return &k, nil
}

// readStamp reads a cursor that stamp made; nil is the zero time.
func (c cursors) readStamp(argument string, cursor *string) (time.Time, error) {
	if cursor == nil {
		return time.Time{}, nil
	}
	b, err := c.key(argument, *cursor)
	if err != nil {
		return time.Time{}, err
	}
	sec, n := binary.Varint(b)
	ts := time.Unix(sec, 0).UTC()
	if n <= 0 || !within(ts) || c.stamp(ts) != *cursor {
		return time.Time{}, badCursor(argument)
	}
	return ts, nil
}

// readSymbol reads a cursor that symbol made; nil is nil.
func (c cursors) readSymbol(argument string, cursor *string) (*market.Symbol, error) {
	if cursor == nil {
		return nil, nil //nolint:nilnil // no cursor, no key
	}
	b, err := c.key(argument, *cursor)
	if err != nil {
		return nil, err
	}
	ticker, class, _ := strings.Cut(strings.TrimSuffix(string(b), ")"), " (")
	s := market.Symbol{Ticker: ticker, Class: market.AssetClass(class)}
	valid, err := market.ParseTicker(s.Ticker)
	if err != nil || valid != s.Ticker || c.symbol(s) != *cursor {
		return nil, badCursor(argument)
	}
	if _, err := market.ParseAssetClass(class); err != nil {
		return nil, badCursor(argument)
	}
	return &s, nil
}
