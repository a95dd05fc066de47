package market

import (
	"math"
	"strings"
	"testing"
)

func TestParseSourceName(t *testing.T) {
	t.Parallel()
	for _, n := range SourceNames() {
		if got, err := ParseSourceName(string(n)); err != nil || got != n {
			t.Errorf("ParseSourceName(%q) = %q, %v", n, got, err)
		}
	}
	for _, in := range []string{"", "json", "Polygon", "yahoo ", "massive"} {
		if got, err := ParseSourceName(in); err == nil || got != "" || !strings.Contains(err.Error(), "want polygon, binance, yahoo or csv") {
			t.Errorf("ParseSourceName(%q) = %q, %v", in, got, err)
		}
	}
}

func TestFieldNames(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for f := range Field(NumFields) {
		name := f.String()
		if got, ok := ParseField(name); !ok || got != f {
			t.Errorf("ParseField(%q) = %d, %t; want %d", name, got, ok, f)
		}
		if seen[name] || name == "" {
			t.Errorf("field %d has the name %q of another", f, name)
		}
		seen[name] = true
	}
	for _, in := range []string{"", "close", "OPEN_INTEREST", "delta"} {
		if f, ok := ParseField(in); ok {
			t.Errorf("ParseField(%q) = %v", in, f)
		}
	}
}

func TestFieldsAreASet(t *testing.T) {
	t.Parallel()
	offered := Offer(OpenInterest, ExchangeInflow, OpenInterest)
	for f := range Field(NumFields) {
		if got, want := offered.Has(f), f == OpenInterest || f == ExchangeInflow; got != want {
			t.Errorf("has %s: %t", f, got)
		}
		if Fields(0).Has(f) || FundingPayments.Has(f) {
			t.Errorf("%s is in a set without it", f)
		}
	}
	if all := offered | FundingPayments; all&FundingPayments == 0 || !all.Has(OpenInterest) {
		t.Error("payments and fields do not join")
	}
}

func TestMissingIsNaN(t *testing.T) {
	t.Parallel()
	if !math.IsNaN(Missing()) {
		t.Errorf("missing is %v", Missing())
	}
	for f, v := range NoFields() {
		if !math.IsNaN(v) {
			t.Errorf("%s is %v, want missing", Field(f), v)
		}
	}
}
