-- name: BackfillsOf :many
SELECT * FROM backfill_state WHERE backfill_job_id = ANY (@job_ids::uuid[]) ORDER BY id;

-- name: UpdateBackfill :execrows
-- A row that has ended stays as it is: the end of a run is written once.
UPDATE backfill_state SET
    status = @status, last_successful_date = @last_successful_date, done_through = @done_through,
    error_message = @error_message, retry_count = @retry_count, updated_at = @now
WHERE backfill_job_id = @job_id AND timeframe = @timeframe AND status IN ('pending', 'in_progress');
