package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/postgres"
	"github.com/candlewright/candlewright/internal/source/sim"
)

type demoCmd struct {
	listenFlags
	workFlags

	Seed   uint64  `default:"1" help:"Another seed makes another market."`
	Faults float64 `default:"0.05" help:"Share of the providers' answers that are faults, 0 to 0.5: others stand in where they last."`
}

// demoTimeframes are those that the demo's symbols are enriched at.
var demoTimeframes = []market.Timeframe{market.D1, market.H1}

// Run starts simulated providers, a throw-away database and the whole program on
// both, and triggers the market's symbols. The adapters are the real ones.
func (c *demoCmd) Run(ctx context.Context, g *globals, term *terminal, log *slog.Logger) error {
	if c.Faults < 0 || c.Faults > 0.5 {
		return fmt.Errorf("--faults %v: want 0 to 0.5", c.Faults)
	}
	_, _ = fmt.Fprintln(term.out, "Starting a simulated market, a database that is thrown away at the end, and the program …")
	sources, stopMarket, err := c.market()
	if err != nil {
		return err
	}
	defer stopMarket()
	// The server's keeper removes this folder also where the demo itself is killed.
	dir, err := os.MkdirTemp("", "candlewright-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	db, err := g.openOwn(ctx, term, log, postgres.Config{DataDir: dir, Throwaway: true}, postgres.Simulated)
	if err != nil {
		return err
	}
	defer db.close(log)
	s := &serving{listen: c.listenFlags, work: c.workFlags, sources: sources, graph: graphFlags{Introspection: true, Playground: true}, worker: true, db: db, log: log}
	return s.run(ctx, func(ctx context.Context, base string) error { return c.welcome(ctx, term, s.service, base) })
}

// market starts the simulated providers and gives the flags that lead to them.
func (c *demoCmd) market() (sourceFlags, func(), error) {
	var servers []*sim.Server
	stop := func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		for _, s := range servers {
			_ = s.Close(ctx) // it is thrown away
		}
	}
	options := sim.Options{Market: sim.NewMarket(sim.Config{Seed: c.Seed}), Now: utcNow}
	if c.Faults > 0 {
		options.Faults = sim.Share(c.Seed, c.Faults, sim.Fault{Kind: sim.ServerError}, sim.Fault{Kind: sim.Truncated}, sim.Fault{Kind: sim.BadGateway})
	}
	broken := options
	broken.Faults = outage(options.Faults)
	f := sourceFlags{PolygonPlan: "advanced", key: "demo", RetryDelays: []time.Duration{200 * time.Millisecond, 400 * time.Millisecond}}
	for _, p := range []struct {
		provider *sim.Provider
		url      *string
	}{
		{sim.Binance(options), &f.BinanceURL}, {sim.Polygon(broken), &f.PolygonURL}, {sim.Yahoo(options), &f.YahooURL},
	} {
		server, err := sim.Serve(p.provider)
		if err != nil {
			stop()
			return f, nil, err
		}
		servers = append(servers, server)
		*p.url = server.URL
	}
	f.FuturesURL = f.BinanceURL // the simulated server speaks both
	return f, stop, nil
}

// outage has Polygon's plan not cover one fund, so that Yahoo is seen to stand in
// for it.
func outage(others sim.Schedule) sim.Schedule {
	return func(r *http.Request, n int) sim.Fault {
		switch {
		case strings.Contains(r.URL.Path, "/ticker/IWM/"):
			return sim.Fault{Kind: sim.NotEntitled}
		case others == nil:
			return sim.Fault{}
		}
		return others(r, n)
	}
}

// welcome triggers the symbols and says where to look.
func (c *demoCmd) welcome(ctx context.Context, term *terminal, service *enrich.Service, base string) error {
	symbols := demoSymbols()
	for _, sym := range symbols {
		if _, err := service.Trigger(ctx, enrich.TriggerRequest{
			Ticker: sym.Ticker, Class: sym.Class, Timeframes: demoTimeframes, RequestedBy: "demo",
		}); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(term.out, `
Candlewright serves %[1]s with a simulated market. %[2]d symbols are being enriched now; Ctrl-C ends it all.

  %[1]s/playground   GraphQL, with examples to run

  curl '%[1]s/api/v1/enrichment/status/AAPL'
  curl '%[1]s/api/v1/enrichment/metrics'
  curl -X POST '%[1]s/api/v1/enrichment/trigger?symbol=ORCL&timeframes=1d&timeframes=1h'
  curl '%[1]s/api/v1/data/quality/AAPL?days=7'

`, base, len(symbols))
	return err
}

// demoSymbols are four of each class.
func demoSymbols() []market.Symbol {
	var list []market.Symbol
	taken := map[market.AssetClass]int{}
	for _, sym := range sim.Symbols() {
		if taken[sym.Class] < 4 {
			taken[sym.Class]++
			list = append(list, sym)
		}
	}
	return list
}
