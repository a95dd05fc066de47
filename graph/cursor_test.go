package graph

import (
	"encoding/base64"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/market"
)

func TestCursorsReadBackAsTheyWereMade(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	c := cursorsOf(runList, "all", "x")
	for range 2000 {
		k := enrich.Key{At: time.UnixMicro(rnd.Int64N(253_000_000_000_000_000) - 62_000_000_000_000_000).UTC(), ID: 1 + rnd.Int64N(1<<62)}
		text := c.timeKey(k)
		got, err := c.readTimeKey("after", &text)
		if err != nil || *got != k {
			t.Fatalf("%v came back as %v: %v", k, got, err)
		}
		ts := k.At.Truncate(time.Second)
		stamp := c.stamp(ts)
		if got, err := c.readStamp("after", &stamp); err != nil || !got.Equal(ts) {
			t.Fatalf("%v came back as %v: %v", ts, got, err)
		}
	}
	for _, s := range []market.Symbol{{Ticker: "BTC", Class: market.Crypto}, {Ticker: "^GSPC", Class: market.Stock}, {Ticker: "A.B_C:D^E=F-G", Class: market.ETF}} {
		text := c.symbol(s)
		if got, err := c.readSymbol("after", &text); err != nil || *got != s {
			t.Errorf("%v came back as %v: %v", s, got, err)
		}
	}
}

func TestCursorsOfOtherListsAreRefused(t *testing.T) {
	t.Parallel()
	lists := []cursors{
		cursorsOf(runList, "all"), cursorsOf(runList, "1"), cursorsOf(runList, "11"), cursorsOf(runList, "1", "1"),
		cursorsOf(fetchLogList, "all"), cursorsOf(runList, "all", words([]string{"a", "b"})), cursorsOf(runList, "all", words([]string{"a b"})),
		cursorsOf(runList, "all", words([]string(nil))), cursorsOf(runList, "all", words([]string{})),
	}
	for i, c := range lists {
		text := c.timeKey(enrich.Key{At: time.Unix(1, 0), ID: 1})
		for j, other := range lists {
			_, err := other.readTimeKey("after", &text)
			if (err == nil) != (i == j) || err != nil && !fault.Is(err, fault.InvalidCursor) {
				t.Errorf("cursor of list %d in list %d: %v", i, j, err)
			}
		}
	}
	if words([]string{"b", "a", "b"}) != words([]string{"a", "b"}) {
		t.Error("the order of a filter's words makes another list")
	}
}

// FuzzCursors reads any text as a cursor: what is taken reads back as the same
// text, and every key lies where a row can be.
func FuzzCursors(f *testing.F) {
	c := cursorsOf(symbolList, "all")
	f.Add(c.timeKey(enrich.Key{At: time.Unix(1_700_000_000, 5000), ID: 7}))
	f.Add(c.stamp(time.Unix(1_700_000_000, 0)))
	f.Add(c.symbol(market.Symbol{Ticker: "BTC", Class: market.Crypto}))
	f.Add("")
	f.Add("AQEAAAAA")
	f.Add(base64.RawURLEncoding.EncodeToString(append(c.head(), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x01)))
	f.Fuzz(func(t *testing.T, text string) {
		if k, err := c.readTimeKey("after", &text); err == nil && (c.timeKey(*k) != text || k.ID < 1 || k.At.Year() < 1 || k.At.Year() > 9999) {
			t.Errorf("%q was taken as %v", text, k)
		}
		if ts, err := c.readStamp("after", &text); err == nil && (c.stamp(ts) != text || ts.Year() < 1 || ts.Year() > 9999) {
			t.Errorf("%q was taken as %v", text, ts)
		}
		if s, err := c.readSymbol("after", &text); err == nil && c.symbol(*s) != text {
			t.Errorf("%q was taken as %v", text, s)
		}
		if k, ok := parseNodeID(text); ok && (k.String() != text || k.id < 1) {
			t.Errorf("%q was taken as %v", text, k)
		}
	})
}

// FuzzRequests reads any body: it is a request or refused, and no panic.
func FuzzRequests(f *testing.F) {
	for _, s := range []string{`{"query":"{ a }"}`, `{"query":"","extensions":{"persistedQuery":{}}}`, `[]`, `{"query":1}`, `{"variables":{"a":1e400}}`, "\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, bad := decodeParams(body)
		if (p == nil) == (bad == nil) {
			t.Errorf("%q: %v, %v", body, p, bad)
		}
		if bad != nil && (bad.status < 400 || bad.status > 499) {
			t.Errorf("%q: status %d", body, bad.status)
		}
		if p != nil && len(p.Query) < 4096 {
			repeatsTooMuch(p.Query, 1000, 15)
		}
	})
}
