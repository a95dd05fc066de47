package file

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/candlewright/candlewright/internal/market"
)

// The five numbers of a candle, in the order of layout.numbers.
const (
	openColumn = iota
	highColumn
	lowColumn
	closeColumn
	volumeColumn
	numNumbers
)

var numberWords = [numNumbers]string{"open", "high", "low", "close", "volume"}

// numberNames are the squeezed names under which files write the five numbers.
var numberNames = map[string]int{
	"open": openColumn, "o": openColumn, "openprice": openColumn,
	"high": highColumn, "h": highColumn, "highprice": highColumn,
	"low": lowColumn, "l": lowColumn, "lowprice": lowColumn,
	"close": closeColumn, "c": closeColumn, "closeprice": closeColumn,
	"volume": volumeColumn, "v": volumeColumn, "vol": volumeColumn,
}

// openNames are the squeezed names of a column that holds a bar's time, the
// most telling first: where a file has several, the first of these is read.
var openNames = []string{
	"ts", "timestamp", "opentime", "starttime", "start", "datetime",
	"unix", "unixtime", "unixtimestamp", "epoch", "date", "time", "t",
}

// endNames are those of a column that holds the bar's end, read where none of
// openNames is there.
var endNames = []string{"endtime", "closetime", "end"}

// paymentNames are those of a funding payment's time besides openNames.
var paymentNames = []string{"fundingtime", "calctime"}

// rateNames are those of a funding payment's rate.
var rateNames = []string{"rate", "fundingrate", "lastfundingrate"}

// layout says which cell of a row holds what; -1 is no cell.
type layout struct {
	names   []string // as the file writes them
	time    int
	clock   int  // the time of day, where date and time are two columns
	end     int  // the bar's end; also beside time, for the check of the interval
	atEnd   bool // the end is all there is: the opening is found from it
	numbers [numNumbers]int
	fields  [market.NumFields]int
	rate    int // of a funding file

	offered  market.Fields
	sellsOut bool // taker sells are volume - buys
}

// squeeze makes names comparable: lower case, letters and digits only.
func squeeze(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// columns are the names of a file, found by their squeezed form.
type columns struct {
	names []string
	at    map[string][]int
}

func newColumns(names []string) columns {
	c := columns{names: names, at: make(map[string][]int, len(names))}
	for i, name := range names {
		key := squeeze(name)
		c.at[key] = append(c.at[key], i)
	}
	return c
}

// known is how many of the names mean something here; it tells a header from
// any other line.
func known(names []string) int {
	n := 0
	for _, name := range names {
		if meansSomething(squeeze(name)) {
			n++
		}
	}
	return n
}

func meansSomething(key string) bool {
	if _, ok := numberNames[key]; ok {
		return true
	}
	for _, list := range [][]string{openNames, endNames, paymentNames, rateNames} {
		if slices.Contains(list, key) {
			return true
		}
	}
	_, ok := parseField(key)
	return ok
}

// parseField reads the squeezed name of a delivered crypto field.
func parseField(key string) (market.Field, bool) {
	for f := range market.Field(market.NumFields) {
		if squeeze(f.String()) == key {
			return f, true
		}
	}
	return 0, false
}

// one is the only column of a squeezed name, -1 where there is none.
func (c columns) one(key string) (int, error) {
	switch at := c.at[key]; len(at) {
	case 0:
		return -1, nil
	case 1:
		return at[0], nil
	default:
		return -1, fmt.Errorf("two columns are named %s (number %d and %d): want one", quoted(c.names[at[0]]), at[0]+1, at[1]+1)
	}
}

// first is the column of the first name in the list that occurs.
func (c columns) first(list []string) (int, error) {
	for _, name := range list {
		if i, err := c.one(name); i >= 0 || err != nil {
			return i, err
		}
	}
	return -1, nil
}

// candleLayout finds the columns of a candle file.
func candleLayout(names []string, class market.AssetClass) (*layout, error) {
	c := newColumns(names)
	l := emptyLayout(names)
	if err := l.findTime(c, openNames); err != nil {
		return nil, err
	}
	if err := l.findNumbers(c); err != nil {
		return nil, err
	}
	if missing := l.missing(); len(missing) > 0 {
		return nil, fmt.Errorf("no column for %s among %s: want ts, open, high, low, close and volume", strings.Join(missing, ", "), quoted(strings.Join(names, ",")))
	}
	if class == market.Crypto {
		if err := l.findFields(c); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// paymentLayout finds the columns of a file of funding payments.
func paymentLayout(names []string) (*layout, error) {
	c := newColumns(names)
	l := emptyLayout(names)
	if err := l.findTime(c, slices.Concat(paymentNames, openNames)); err != nil {
		return nil, err
	}
	rate, err := c.first(rateNames)
	if err != nil {
		return nil, err
	}
	if rate < 0 || l.time < 0 || l.atEnd {
		return nil, fmt.Errorf("no columns for time and rate among %s: want ts and rate", quoted(strings.Join(names, ",")))
	}
	l.rate = rate
	return l, nil
}

func emptyLayout(names []string) *layout {
	l := &layout{names: names, time: -1, clock: -1, end: -1, rate: -1}
	for i := range l.numbers {
		l.numbers[i] = -1
	}
	for i := range l.fields {
		l.fields[i] = -1
	}
	return l
}

// findTime finds the time among the names; a first column without a name, an
// index as pandas writes it, is one too.
func (l *layout) findTime(c columns, names []string) (err error) {
	if l.time, err = c.first(names); err != nil {
		return err
	}
	if l.end, err = c.first(endNames); err != nil {
		return err
	}
	switch {
	case l.time >= 0 && squeeze(c.names[l.time]) == "date":
		l.clock, err = c.one("time")
	case l.time >= 0:
	case l.end >= 0:
		l.time, l.atEnd = l.end, true
	case len(c.names) > 0 && squeeze(c.names[0]) == "":
		l.time = 0
	}
	return err
}

func (l *layout) findNumbers(c columns) error {
	for i, name := range c.names {
		which, ok := numberNames[squeeze(name)]
		if !ok {
			continue
		}
		if was := l.numbers[which]; was >= 0 {
			return fmt.Errorf("two columns hold the %s, %s (number %d) and %s (number %d): want one",
				numberWords[which], quoted(c.names[was]), was+1, quoted(name), i+1)
		}
		l.numbers[which] = i
	}
	return nil
}

// missing names the required columns that were not found.
func (l *layout) missing() (words []string) {
	if l.time < 0 {
		words = append(words, "time")
	}
	for which, i := range l.numbers {
		if i < 0 {
			words = append(words, numberWords[which])
		}
	}
	return words
}

func (l *layout) findFields(c columns) (err error) {
	for f := range market.Field(market.NumFields) {
		if l.fields[f], err = c.one(squeeze(f.String())); err != nil {
			return err
		}
		if l.fields[f] >= 0 {
			l.offered |= market.Offer(f)
		}
	}
	if l.offered.Has(market.TakerBuyVolume) && !l.offered.Has(market.TakerSellVolume) {
		l.offered |= market.Offer(market.TakerSellVolume)
		l.sellsOut = true
	}
	return nil
}

// name is how the file calls a column, for messages.
func (l *layout) name(i int) string {
	if name := strings.TrimSpace(l.names[i]); name != "" {
		return clip(strings.ToValidUTF8(strings.Map(printable, name), "?"))
	}
	return "column " + strconv.Itoa(i+1)
}

func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return '?'
}
