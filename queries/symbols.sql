-- name: SymbolNamed :one
SELECT * FROM symbols WHERE ticker = @ticker AND asset_class = @asset_class;

-- name: SymbolsByTicker :many
SELECT * FROM symbols WHERE ticker = @ticker ORDER BY id;

-- name: SymbolsByIDs :many
SELECT * FROM symbols WHERE id = ANY (@ids::bigint[]);

-- name: LockSymbol :one
-- Whoever decides about the runs of a symbol holds this row, so that two triggers make one run.
SELECT * FROM symbols WHERE id = @id FOR UPDATE;

-- name: TrackSymbol :one
-- Timeframes of a symbol that is tracked are added to; one that was untracked starts anew with
-- those given. No schedule is taken away here. The row is written in any case: it is the lock
-- on which two simultaneous first triggers of one symbol meet.
INSERT INTO symbols AS s (ticker, asset_class, name, active, scheduled, timeframes, added_at, updated_at)
VALUES (@ticker, @asset_class, sqlc.narg(name), true, @scheduled, @timeframes, @now, @now)
ON CONFLICT (ticker, asset_class) DO UPDATE SET
    name       = coalesce(excluded.name, s.name),
    active     = true,
    scheduled  = s.active AND s.scheduled OR excluded.scheduled,
    timeframes = CASE WHEN s.active THEN ARRAY(
        SELECT o.word FROM unnest(ARRAY['5m', '15m', '30m', '1h', '4h', '1d', '1w']) WITH ORDINALITY AS o (word, n)
        WHERE o.word = ANY (s.timeframes || excluded.timeframes) ORDER BY o.n
    ) ELSE excluded.timeframes END,
    updated_at = excluded.updated_at
RETURNING *;

-- name: AddTimeframe :execrows
UPDATE symbols SET
    timeframes = ARRAY(
        SELECT o.word FROM unnest(ARRAY['5m', '15m', '30m', '1h', '4h', '1d', '1w']) WITH ORDINALITY AS o (word, n)
        WHERE o.word = ANY (symbols.timeframes || @timeframe::text) ORDER BY o.n
    ),
    updated_at = @now
WHERE id = @id AND NOT @timeframe::text = ANY (timeframes);

-- name: SetTracking :one
UPDATE symbols SET active = @active, scheduled = @scheduled, timeframes = @timeframes, updated_at = @now
WHERE id = @id
RETURNING *;

-- name: ScheduledSymbols :many
SELECT * FROM symbols WHERE active AND scheduled ORDER BY ticker, asset_class;

-- name: SymbolsAscending :many
-- The sentinel ('', '') is before every symbol, so the first page and the next are one query.
SELECT * FROM symbols
WHERE (ticker, asset_class) > (@above_ticker::text, @above_class::text)
  AND (ticker, asset_class) < (@below_ticker::text, @below_class::text)
  AND (sqlc.narg(tickers)::text[] IS NULL OR ticker = ANY (sqlc.narg(tickers)::text[]))
  AND (sqlc.narg(classes)::text[] IS NULL OR asset_class = ANY (sqlc.narg(classes)::text[]))
  AND (sqlc.narg(active)::boolean IS NULL OR active = sqlc.narg(active)::boolean)
  AND (@search::text = '' OR strpos(ticker, upper(@search)) > 0 OR strpos(lower(name), lower(@search)) > 0)
ORDER BY ticker, asset_class
LIMIT @row_limit;

-- name: SymbolsDescending :many
SELECT * FROM symbols
WHERE (ticker, asset_class) > (@above_ticker::text, @above_class::text)
  AND (ticker, asset_class) < (@below_ticker::text, @below_class::text)
  AND (sqlc.narg(tickers)::text[] IS NULL OR ticker = ANY (sqlc.narg(tickers)::text[]))
  AND (sqlc.narg(classes)::text[] IS NULL OR asset_class = ANY (sqlc.narg(classes)::text[]))
  AND (sqlc.narg(active)::boolean IS NULL OR active = sqlc.narg(active)::boolean)
  AND (@search::text = '' OR strpos(ticker, upper(@search)) > 0 OR strpos(lower(name), lower(@search)) > 0)
ORDER BY ticker DESC, asset_class DESC
LIMIT @row_limit;

-- name: CountSymbols :one
SELECT count(*) FROM symbols
WHERE (sqlc.narg(tickers)::text[] IS NULL OR ticker = ANY (sqlc.narg(tickers)::text[]))
  AND (sqlc.narg(classes)::text[] IS NULL OR asset_class = ANY (sqlc.narg(classes)::text[]))
  AND (sqlc.narg(active)::boolean IS NULL OR active = sqlc.narg(active)::boolean)
  AND (@search::text = '' OR strpos(ticker, upper(@search)) > 0 OR strpos(lower(name), lower(@search)) > 0);

-- name: StatesByTicker :many
-- What is known of a ticker in one statement: its symbols, their status rows, their series.
SELECT sqlc.embed(s),
    e.last_enrichment_time, e.last_run_failed, e.error_message,
    e.window_records, e.window_validated, e.window_score_sum,
    coalesce(r.timeframe, '')::text AS series_timeframe, r.basis, r.first_ts, r.last_ts, r.records, r.validated, r.anomalies, r.revision, r.digest
FROM symbols s
LEFT JOIN enrichment_status e ON e.symbol_id = s.id
LEFT JOIN series r ON r.symbol_id = s.id
WHERE s.ticker = @ticker
ORDER BY s.id;

-- name: StatesByIDs :many
SELECT sqlc.embed(s),
    e.last_enrichment_time, e.last_run_failed, e.error_message,
    e.window_records, e.window_validated, e.window_score_sum,
    coalesce(r.timeframe, '')::text AS series_timeframe, r.basis, r.first_ts, r.last_ts, r.records, r.validated, r.anomalies, r.revision, r.digest
FROM symbols s
LEFT JOIN enrichment_status e ON e.symbol_id = s.id
LEFT JOIN series r ON r.symbol_id = s.id
WHERE s.id = ANY (@ids::bigint[])
ORDER BY s.id;
