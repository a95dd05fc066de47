package postgres_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/candlewright/candlewright/internal/postgres"
	"github.com/candlewright/candlewright/internal/postgres/pgtest"
)

func TestDeclaredSchemaIsFresh(t *testing.T) {
	t.Parallel()
	schema, err := postgres.ReadSchema(t.Context(), pgtest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	encoder := json.NewEncoder(&want)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(schema); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("schema.json", want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), want.String()); diff != "" {
		t.Errorf("schema.json is stale; run: go generate ./internal/postgres\n%s", diff)
	}
}

func TestVerifyOfAFreshDatabase(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	report := verify(t, pool)
	if !report.OK() || len(report.Foreign) > 0 {
		t.Errorf("problems %v, foreign %v", report.Problems(), report.Foreign)
	}
	lines := map[string]bool{}
	for _, table := range report.Tables {
		lines[table.String()] = true
	}
	for _, want := range []string{
		"backfill_state (13 columns, 2 indexes, 8 constraints)",
		"installation (4 columns, 0 indexes, 3 constraints)",
		"river_queue (5 columns, 0 indexes, 1 constraint)",
	} {
		if !lines[want] {
			t.Errorf("no line %q in %v", want, lines)
		}
	}
}

func TestVerifyNamesWhatDiffers(t *testing.T) {
	t.Parallel()
	// A change of type changes the checks on the column as well; the column comes first.
	tests := []struct {
		name, change string
		want         []string
	}{
		{
			"column dropped", `ALTER TABLE backfill_state DROP COLUMN done_through`,
			[]string{"missing column backfill_state.done_through (timestamp with time zone)"},
		},
		{
			"column added", `ALTER TABLE symbols ADD COLUMN colour text`,
			[]string{"unexpected column symbols.colour (text)"},
		},
		{
			"type changed", `ALTER TABLE market_data ALTER COLUMN open TYPE numeric`,
			[]string{"different column market_data.open: it is numeric not null and should be double precision not null"},
		},
		{
			"length changed", `ALTER TABLE data_corrections ALTER COLUMN reason TYPE varchar(20)`,
			[]string{"different column data_corrections.reason: it is character varying(20) not null and should be character varying(200) not null"},
		},
		{
			"nullability changed", `ALTER TABLE symbols ALTER COLUMN active DROP NOT NULL`,
			[]string{"different column symbols.active: it is boolean default true and should be boolean not null default true"},
		},
		{
			"default changed", `ALTER TABLE symbols ALTER COLUMN scheduled SET DEFAULT true`,
			[]string{"different column symbols.scheduled: it is boolean not null default true and should be boolean not null default false"},
		},
		{
			"identity dropped", `ALTER TABLE symbols ALTER COLUMN id DROP IDENTITY`,
			[]string{"different column symbols.id: it is bigint not null and should be bigint not null generated always as identity"},
		},
		{
			"index dropped", `DROP INDEX idx_data_quality_date`,
			[]string{"missing index data_quality_metrics.idx_data_quality_date (CREATE INDEX idx_data_quality_date ON data_quality_metrics USING btree (metric_date DESC, id DESC))"},
		},
		{
			"index changed", `DROP INDEX idx_enrichment_status_status; CREATE INDEX idx_enrichment_status_status ON enrichment_status (symbol)`,
			[]string{"different index enrichment_status.idx_enrichment_status_status: it is CREATE INDEX idx_enrichment_status_status ON enrichment_status USING btree (symbol) and should be CREATE INDEX idx_enrichment_status_status ON enrichment_status USING btree (status)"},
		},
		{
			"index added", `CREATE INDEX mine ON symbols (name)`,
			[]string{"unexpected index symbols.mine (CREATE INDEX mine ON symbols USING btree (name))"},
		},
		{
			"check dropped", `ALTER TABLE market_data DROP CONSTRAINT market_data_score`,
			[]string{"missing constraint market_data.market_data_score (CHECK (quality_score >= 0::double precision AND quality_score <= 1::double precision))"},
		},
		{
			"check weakened", `ALTER TABLE series DROP CONSTRAINT series_records; ALTER TABLE series ADD CONSTRAINT series_records CHECK (records >= -1)`,
			[]string{"different constraint series.series_records: it is CHECK (records >= '-1'::integer) and should be CHECK (records >= 0)"},
		},
		{
			"unique dropped", `ALTER TABLE symbols DROP CONSTRAINT symbols_ticker_class`,
			[]string{"missing constraint symbols.symbols_ticker_class (UNIQUE (ticker, asset_class))"},
		},
		{
			"primary key dropped", `ALTER TABLE market_data DROP CONSTRAINT market_data_pkey`,
			[]string{"missing constraint market_data.market_data_pkey (PRIMARY KEY (symbol_id, timeframe, ts))"},
		},
		{
			"foreign key not checked", `ALTER TABLE series DROP CONSTRAINT series_symbol_id_fkey; ALTER TABLE series ADD FOREIGN KEY (symbol_id) REFERENCES symbols (id) NOT VALID`,
			[]string{"different constraint series.series_symbol_id_fkey: it is FOREIGN KEY (symbol_id) REFERENCES symbols(id) NOT VALID and should be FOREIGN KEY (symbol_id) REFERENCES symbols(id)"},
		},
		{
			"table dropped", `DROP TABLE fetch_ranges`,
			[]string{"missing table fetch_ranges"},
		},
		{
			"value of a type added", `ALTER TYPE river_job_state ADD VALUE 'asleep'`,
			[]string{"different type river_job_state: it is enum ('available', 'cancelled', 'completed', 'discarded', 'pending', 'retryable', 'running', 'scheduled', 'asleep') and should be enum ('available', 'cancelled', 'completed', 'discarded', 'pending', 'retryable', 'running', 'scheduled')"},
		},
		{"table of somebody else", `CREATE TABLE elsewhere (id int)`, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			pool := pgtest.New(t)
			if _, err := pool.Exec(t.Context(), test.change); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, problem := range verify(t, pool).Problems() {
				got = append(got, problem.String())
			}
			if strings.Contains(test.change, " TYPE ") {
				got = got[:min(len(test.want), len(got))]
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func verify(t *testing.T, pool *pgxpool.Pool) postgres.Report {
	t.Helper()
	report, err := postgres.Verify(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	return report
}
