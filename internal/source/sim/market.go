package sim

import (
	"hash/fnv"
	"math"
	"strings"
	"time"

	"github.com/candlewright/candlewright/internal/market"
)

// Config is what makes one simulated market differ from another.
type Config struct {
	Seed   uint64
	Splits []Split
	// Unknown reports tickers that no provider knows; nil is those that
	// contain NOPE or UNKNOWN.
	Unknown func(ticker string) bool
	// Calm leaves out halts and amendments: every slot has its final bar as
	// soon as it has ended.
	Calm bool
}

// Split multiplies a symbol's shares: 4 for 1 is To 4, From 1. From its date on
// all older bars are served adjusted, before it none.
type Split struct {
	Symbol   market.Symbol
	Date     market.Date
	To, From float64
}

// Market makes the bars of any symbol. It is immutable and safe for concurrent
// use.
type Market struct {
	cfg Config
}

// NewMarket is the market of a configuration; equal configurations make equal
// bars.
func NewMarket(cfg Config) *Market {
	if cfg.Unknown == nil {
		cfg.Unknown = func(t string) bool { return strings.Contains(t, "NOPE") || strings.Contains(t, "UNKNOWN") }
	}
	return &Market{cfg: cfg}
}

// known are the symbols that the simulator gives their usual size; every other
// ticker has a size of its own too.
var known = []struct {
	class   market.AssetClass
	ticker  string
	level   float64 // price around 2024
	volume  float64 // units a day
	daily   float64 // standard deviation of a day's log return
	listed  string  // first session, "" is before every calendar
	company string
}{
	{market.Stock, "AAPL", 185, 58e6, 0.016, "", "Apple Inc."},
	{market.Stock, "MSFT", 390, 23e6, 0.015, "", "Microsoft Corporation"},
	{market.Stock, "NVDA", 62, 420e6, 0.029, "1999-01-22", "NVIDIA Corporation"},
	{market.Stock, "AMZN", 160, 42e6, 0.020, "", "Amazon.com, Inc."},
	{market.Stock, "GOOGL", 142, 28e6, 0.017, "2004-08-19", "Alphabet Inc."},
	{market.Stock, "META", 380, 18e6, 0.023, "2012-05-18", "Meta Platforms, Inc."},
	{market.Stock, "TSLA", 215, 105e6, 0.034, "2010-06-29", "Tesla, Inc."},
	{market.Stock, "JPM", 172, 9e6, 0.013, "", "JPMorgan Chase & Co."},
	{market.Stock, "BRK.B", 365, 3.4e6, 0.010, "", "Berkshire Hathaway Inc."},
	{market.ETF, "SPY", 478, 74e6, 0.009, "", "SPDR S&P 500 ETF Trust"},
	{market.ETF, "QQQ", 410, 46e6, 0.012, "1999-03-10", "Invesco QQQ Trust"},
	{market.ETF, "IWM", 196, 32e6, 0.013, "2000-05-26", "iShares Russell 2000 ETF"},
	{market.ETF, "GLD", 190, 7e6, 0.008, "2004-11-18", "SPDR Gold Shares"},
	{market.ETF, "TLT", 97, 38e6, 0.009, "2002-07-30", "iShares 20+ Year Treasury Bond ETF"},
	{market.Crypto, "BTC", 43000, 41e3, 0.027, "2017-08-17", "Bitcoin"},
	{market.Crypto, "ETH", 2300, 420e3, 0.033, "2017-08-17", "Ether"},
	{market.Crypto, "SOL", 98, 4.6e6, 0.046, "2020-08-11", "Solana"},
	{market.Crypto, "ADA", 0.53, 210e6, 0.041, "2018-04-17", "Cardano"},
	{market.Crypto, "XRP", 0.57, 340e6, 0.036, "2018-05-04", "XRP"},
	{market.Crypto, "BNB", 305, 640e3, 0.030, "2017-11-06", "BNB"},
	{market.Crypto, "DOGE", 0.081, 1.1e9, 0.044, "2019-07-05", "Dogecoin"},
}

// Symbols are the symbols of usual size, in three classes.
func Symbols() []market.Symbol {
	list := make([]market.Symbol, len(known))
	for i, k := range known {
		list[i] = market.Symbol{Ticker: k.ticker, Class: k.class}
	}
	return list
}

// Listing is one symbol of the market.
type Listing struct {
	Symbol market.Symbol
	Name   string
	First  market.Date // first session with bars

	seed    uint64
	level   float64 // price in 2024
	volume  float64 // units a day
	daily   float64 // standard deviation of a day's log return
	perUnit float64 // lots, the smallest amounts traded, in a unit of volume
}

// Listing finds a symbol; false is one that no provider knows. A coin is the
// same with and without USDT after it.
func (m *Market) Listing(sym market.Symbol) (Listing, bool) {
	if base, ok := strings.CutSuffix(sym.Ticker, "USDT"); ok && sym.Class == market.Crypto {
		sym.Ticker = base
	}
	if _, err := market.ParseTicker(sym.Ticker); err != nil || m.cfg.Unknown(sym.Ticker) {
		return Listing{}, false
	}
	h := fnv.New64a()
	h.Write([]byte(sym.String()))
	l := Listing{Symbol: sym, Name: sym.Ticker, First: market.NewDate(1998, time.January, 1), seed: mix(h.Sum64() ^ m.cfg.Seed), perUnit: 1}
	if sym.Class == market.Crypto {
		l.First, l.perUnit = market.NewDate(2017, time.August, 17), 1e5
	}
	l.level = math.Exp(1.2 + 4.8*unit(l.seed, 1))
	l.volume = 4e8 * math.Exp(1.5*normal(l.seed, 2)) / l.level
	l.daily = 0.010 + 0.025*unit(l.seed, 3)
	for _, k := range known {
		if k.ticker == sym.Ticker && k.class == sym.Class {
			l.Name, l.level, l.volume, l.daily = k.company, k.level, k.volume, k.daily
			if d, err := market.ParseDate(k.listed); err == nil {
				l.First = d
			}
		}
	}
	return l, true
}

// Splits are those of a symbol, in the order of the configuration.
func (m *Market) Splits(sym market.Symbol) []Split {
	var list []Split
	for _, s := range m.cfg.Splits {
		if s.Symbol == sym {
			list = append(list, s)
		}
	}
	return list
}

// mix is the finaliser of splitmix64: each bit of its result depends on each of
// x.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// hash is a number that seed and key alone decide.
func hash(seed, key uint64) uint64 { return mix(seed ^ mix(key)) }

// unit is uniform in [0, 1).
func unit(seed, key uint64) float64 { return float64(hash(seed, key)>>11) / (1 << 53) }

// normal is nearly normal with deviation 1 and never beyond 3.5: four uniform
// numbers of 16 bits, summed.
func normal(seed, key uint64) float64 {
	h := hash(seed, key)
	sum := float64(h&0xffff) + float64(h>>16&0xffff) + float64(h>>32&0xffff) + float64(h>>48)
	return (sum/65536 - 2) * math.Sqrt2 * 1.2247448713915890
}
