package app

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/source/binance"
	"github.com/candlewright/candlewright/internal/source/coinmetrics"
	"github.com/candlewright/candlewright/internal/source/polygon"
	"github.com/candlewright/candlewright/internal/source/yahoo"
	"github.com/candlewright/candlewright/internal/store"
)

// off is the address of a source that is not to be asked.
const off = "off"

// sourceFlags say which sources are asked, where, and with which key.
type sourceFlags struct {
	BinanceURL     string          `name:"binance-url" group:"sources" default:"${binance_url}" env:"CANDLEWRIGHT_BINANCE_URL" placeholder:"URL" help:"Binance's address, or off."`
	FuturesURL     string          `name:"binance-futures-url" group:"sources" default:"${binance_futures_url}" env:"CANDLEWRIGHT_BINANCE_FUTURES_URL" placeholder:"URL" help:"Address of Binance's futures, which tell open interest, funding and account ratios of coins, or off."`
	PolygonURL     string          `name:"polygon-url" group:"sources" default:"${polygon_url}" env:"CANDLEWRIGHT_POLYGON_URL" placeholder:"URL" help:"Polygon's address, or off."`
	YahooURL       string          `name:"yahoo-url" group:"sources" default:"${yahoo_url}" env:"CANDLEWRIGHT_YAHOO_URL" placeholder:"URL" help:"Yahoo's address, or off. Its interface is unofficial and for personal use only."`
	PolygonKeyFile string          `name:"polygon-key-file" group:"sources" type:"path" env:"CANDLEWRIGHT_POLYGON_KEY_FILE" placeholder:"FILE" help:"File that holds Polygon's key; or set CANDLEWRIGHT_POLYGON_KEY. Without a key Polygon is not asked."`
	PolygonPlan    string          `name:"polygon-plan" group:"sources" enum:"basic,starter,developer,advanced" default:"basic" env:"CANDLEWRIGHT_POLYGON_PLAN" help:"What Polygon's key covers: basic, starter, developer or advanced."`
	InflowURL      string          `name:"inflow-url" group:"sources" default:"off" env:"CANDLEWRIGHT_INFLOW_URL" placeholder:"URL" help:"An address in the form of Coin Metrics' community API (${inflow_url}), which tells the exchange inflow of coins, or off. Mind its licence: non-commercial use."`
	RetryDelays    []time.Duration `name:"retry-delays" group:"sources" default:"2s,4s,8s" env:"CANDLEWRIGHT_RETRY_DELAYS" help:"Waits before a failed call is tried again."`

	key      string            // of the demo, whose Polygon takes any
	limiters source.NewLimiter // nil: of this process's own
}

// polygonKey is the key from the environment or from the file. It is in no flag,
// since command lines can be read by others.
func (f *sourceFlags) polygonKey() (string, error) {
	if f.key != "" {
		return f.key, nil
	}
	if key := os.Getenv("CANDLEWRIGHT_POLYGON_KEY"); key != "" || f.PolygonKeyFile == "" {
		return strings.TrimSpace(key), nil
	}
	text, err := os.ReadFile(f.PolygonKeyFile)
	if err != nil {
		return "", fmt.Errorf("--polygon-key-file: %w", err)
	}
	key := strings.TrimSpace(string(text))
	if key == "" {
		return "", fmt.Errorf("--polygon-key-file: %s is empty, want a key", f.PolygonKeyFile)
	}
	return key, nil
}

// futuresURL is the address of Binance's futures, "" where they are not asked.
func (f *sourceFlags) futuresURL() string {
	if f.FuturesURL == off {
		return ""
	}
	return f.FuturesURL
}

// chainOn makes the sources that are switched on, with limits that are shared by
// all processes on the database.
func (f *sourceFlags) chainOn(db *database, log *slog.Logger) (*source.Chain, error) {
	f.limiters = sharedLimiters(store.New(db.pool), log)
	return f.chain(log)
}

// chain makes the sources that are switched on, with limits of this process's own.
func (f *sourceFlags) chain(log *slog.Logger) (*source.Chain, error) {
	retry := source.Retry{Delays: f.RetryDelays}
	var (
		on   []source.Source
		errs error
	)
	add := func(flag string, s source.Source, err error) {
		if err != nil {
			errs = errors.Join(errs, fmt.Errorf("%s: %w", flag, err))
			return
		}
		on = append(on, s)
	}
	if f.BinanceURL != off {
		s, err := binance.New(binance.Config{URL: f.BinanceURL, FuturesURL: f.futuresURL(), Retry: retry, NewLimiter: f.limiters, Log: log})
		add("--binance-url", s, err)
	}
	key, err := f.polygonKey()
	switch {
	case err != nil:
		errs = errors.Join(errs, err)
	case f.PolygonURL == off:
	case key == "":
		log.Info("Polygon is not asked: it has no key (CANDLEWRIGHT_POLYGON_KEY or --polygon-key-file)")
	default:
		plan, _ := polygon.ParsePlan(f.PolygonPlan) // the parser took only names of plans
		s, err := polygon.New(polygon.Config{URL: f.PolygonURL, Key: key, Plan: plan, Retry: retry, NewLimiter: f.limiters, Log: log})
		add("--polygon-url", s, err)
	}
	if f.YahooURL != off {
		log.Info("Yahoo may be asked where nobody else answers; its interface is unofficial and for personal use only (--yahoo-url off)")
		s, err := yahoo.New(yahoo.Config{URL: f.YahooURL, Retry: retry, NewLimiter: f.limiters, Log: log})
		add("--yahoo-url", s, err)
	}
	inflow, err := f.inflow(retry, log)
	if errs = errors.Join(errs, err); errs != nil {
		return nil, errs
	}
	chain := source.NewChain(source.DefaultOrder(), on...)
	if inflow != nil {
		chain = chain.WithInflow(inflow)
	}
	return chain, nil
}

// inflow is the source of exchange inflows, nil where none is asked.
func (f *sourceFlags) inflow(retry source.Retry, log *slog.Logger) (source.InflowSource, error) {
	if f.InflowURL == off || f.InflowURL == "" {
		return nil, nil
	}
	s, err := coinmetrics.New(coinmetrics.Config{URL: f.InflowURL, Retry: retry, NewLimiter: f.limiters, Log: log})
	if err != nil {
		return nil, fmt.Errorf("--inflow-url: %w", err)
	}
	return s, nil
}
