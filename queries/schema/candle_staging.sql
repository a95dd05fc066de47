-- Where bulk writes of candles are copied to before they are merged. internal/store makes this
-- table once per connection with the same words; sqlc reads them here to know its columns.
-- It repeats no constraint: market_data has them.
CREATE TEMP TABLE candle_staging (LIKE market_data) ON COMMIT DELETE ROWS;
