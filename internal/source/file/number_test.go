package file

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

func TestParseNumber(t *testing.T) {
	t.Parallel()
	inf, nan := math.Inf(1), math.NaN()
	tests := map[string]float64{
		"0": 0, "7": 7, "-7": -7, "+7": 7, "1.5": 1.5, ".5": .5, "5.": 5, "-.5": -.5, "007": 7,
		"0.1": 0.1, "2.250714": 2.250714, "9975459084270.0": 9975459084270, "123456789012345": 123456789012345,
		"0.30000000000000004": 0.30000000000000004, "17976931348623157e292": math.MaxFloat64,
		"1e3": 1e3, "1E-5": 1e-5, "3e-05": 3e-5, "5e-324": 5e-324, "1e-400": 0,
		"0.00000000000000000000000000001": 1e-29, "1e999": inf, "-1e999": -inf,
		"": nan, "nan": nan, "NaN": nan, "NAN": nan, "-nan": nan, "+NaN": nan, "null": nan, "NULL": nan, "Null": nan,
		"none": nan, "None": nan, "n/a": nan, "N/A": nan, "NA": nan, "#N/A": nan, "<NA>": nan, "nil": nan, "NaT": nan,
		"-1.#IND": nan, "1.#QNAN": nan, "1.#INF": inf, "-1.#INF": -inf, "∞": inf, "-∞": -inf,
		"inf": inf, "Inf": inf, "INF": inf, "+inf": inf, "-inf": -inf, "Infinity": inf, "-Infinity": -inf, "+INFINITY": inf,
	}
	for in, want := range tests {
		got, ok := parseNumber([]byte(in))
		if !ok || math.Float64bits(got) != math.Float64bits(want) && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("%q: %v, %v; want %v", in, got, ok, want)
		}
	}
	for _, in := range []string{
		" ", ".", "-", "+", "--1", "1-", "1.2.3", "1,5", "1 000", "1_000", "0x10", "1e", "e5", "1e5e5", "$5", "5%", "five",
		"true", "infi", "nanx", "-null x", "++inf", "[…]", "١", "1\x00", "NaN(7)",
	} {
		if got, ok := parseNumber([]byte(in)); ok {
			t.Errorf("%q is read as %v", in, got)
		}
	}
	if got, _ := parseNumber([]byte("-0")); !math.Signbit(got) {
		t.Error("-0 lost its sign")
	}
}

// TestNumbersAreExact: the short way gives the very float that strconv gives.
func TestNumbersAreExact(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		in := strconv.FormatFloat(float64(random.Int64N(1e18))/math.Pow10(random.IntN(18)), 'f', random.IntN(12), 64)
		want, err := strconv.ParseFloat(in, 64)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := parseNumber([]byte(in)); !ok || got != want {
			t.Fatalf("%q: %v, %v; want %v", in, got, ok, want)
		}
	}
}
