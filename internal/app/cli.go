package app

import (
	"time"

	"github.com/alecthomas/kong"

	"github.com/candlewright/candlewright/internal/postgres"
	"github.com/candlewright/candlewright/internal/source/binance"
	"github.com/candlewright/candlewright/internal/source/coinmetrics"
	"github.com/candlewright/candlewright/internal/source/polygon"
	"github.com/candlewright/candlewright/internal/source/yahoo"
)

// commandLine is every command and flag of the program. Each flag is an
// environment variable too, CANDLEWRIGHT_ and its name in capitals; a flag on
// the command line beats the environment, which beats the default.
type commandLine struct {
	globals

	Serve     serveCmd     `cmd:"" log:"info" help:"Serve the REST routes, and carry out runs."`
	Work      workCmd      `cmd:"" log:"info" help:"Carry out queued runs, and serve nothing."`
	Demo      demoCmd      `cmd:"" log:"error" help:"Start everything on a throw-away database, with a simulated market."`
	Import    importCmd    `cmd:"" help:"Check, enrich and store candle files."`
	Enrich    enrichCmd    `cmd:"" help:"Queue a run of a symbol and follow it to its end."`
	Backfill  backfillCmd  `cmd:"" help:"Plan the history of many symbols, queue it newest first, and follow it."`
	Runs      runsCmd      `cmd:"" help:"List, show, watch, cancel or retry runs."`
	Reconcile reconcileCmd `cmd:"" help:"Compare what two sources say of the same bars, and name likely causes."`
	Candles   candlesCmd   `cmd:"" help:"Print candles with their features, as they are or as they were known."`
	Gaps      gapsCmd      `cmd:"" help:"List the gaps of a series, with their causes and what was tried."`
	Explain   explainCmd   `cmd:"" help:"Tell how a candle came to its score and its validation."`
	Verify    verifyCmd    `cmd:"" help:"Compute everything of a symbol anew from its candles and compare."`
	Digest    digestCmd    `cmd:"" help:"Print a digest of each series, to compare two installations."`
	Migrate   migrateCmd   `cmd:"" help:"Bring the database schema up or down, or tell how it stands."`
	Version   versionCmd   `cmd:"" help:"Print the version."`
}

// globals are the flags that every command takes.
type globals struct {
	DataDir       string        `name:"data-dir" group:"database" type:"path" default:"${data_dir}" env:"CANDLEWRIGHT_DATA_DIR" help:"Folder of the program's own database. On the command line it beats --database-url."`
	DatabaseURL   string        `name:"database-url" group:"database" env:"CANDLEWRIGHT_DATABASE_URL,DATABASE_URL" placeholder:"URL" help:"PostgreSQL server to use instead of an own one, as postgresql://user:password@host:5432/name."`
	MigrateFirst  bool          `name:"migrate" group:"database" env:"CANDLEWRIGHT_MIGRATE" help:"Bring the schema of --database-url up before anything else. (The program's own database is always brought up.)"`
	PgBin         string        `name:"pg-bin" group:"database" type:"path" env:"CANDLEWRIGHT_PG_BIN" placeholder:"DIR" help:"Folder with the binaries of PostgreSQL 15 or newer; found by itself where they are in a usual place."`
	FetchPostgres bool          `name:"fetch-postgres" group:"database" env:"CANDLEWRIGHT_FETCH_POSTGRES" help:"Where no PostgreSQL is installed, fetch one."`
	DatabaseWait  time.Duration `name:"database-wait" group:"database" default:"30s" env:"CANDLEWRIGHT_DATABASE_WAIT" help:"How long to wait for a database that does not answer at the start."`
	LogFormat     string        `name:"log-format" group:"database" enum:"auto,text,json" default:"auto" env:"CANDLEWRIGHT_LOG_FORMAT" help:"How to log: text, json, or auto (text on a terminal)."`
	LogLevel      string        `name:"log-level" group:"database" enum:"auto,debug,info,warn,error" default:"auto" env:"CANDLEWRIGHT_LOG_LEVEL" help:"What to log: debug, info, warn or error; auto is info for what serves and works, and warn else."`

	dataDirGiven bool // on the command line, not by the environment
}

func newParser(cli *commandLine, term *terminal, exit func(int)) (*kong.Kong, error) {
	dataDir, err := postgres.DefaultDataDir()
	if err != nil {
		return nil, err
	}
	return kong.New(cli,
		kong.Name("candlewright"),
		kong.Description("Candlewright makes market data trustworthy: it stores candles that were checked, enriched with 22 features and scored, and tells how fresh, complete and right they are."),
		kong.Vars{
			"data_dir": dataDir, "binance_url": binance.DefaultURL, "binance_futures_url": binance.DefaultFuturesURL,
			"polygon_url": polygon.DefaultURL, "yahoo_url": yahoo.DefaultURL, "inflow_url": coinmetrics.CommunityURL,
		},
		kong.ExplicitGroups([]kong.Group{
			{Key: "sources", Title: "Sources:"},
			{Key: "database", Title: "Database and log:"},
		}),
		kong.DefaultEnvars("CANDLEWRIGHT"),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, Summary: false, WrapUpperBound: 100}),
		kong.UsageOnError(),
		kong.Writers(term.out, term.err),
		kong.Exit(exit),
	)
}
