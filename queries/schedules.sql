-- name: ScheduleNamed :one
SELECT * FROM schedules WHERE name = @name;

-- name: PutSchedule :one
-- A schedule that is known keeps the instant at which it last fired.
INSERT INTO schedules (name, cron, time_zone, last_fired_at) VALUES (@name, @cron, @time_zone, @now)
ON CONFLICT (name) DO UPDATE SET cron = excluded.cron, time_zone = excluded.time_zone
RETURNING *;

-- name: FireSchedule :execrows
-- Of the processes that find the schedule due, the one whose update finds it so starts the runs.
UPDATE schedules SET last_fired_at = @planned_at WHERE name = @name AND last_fired_at < @planned_at;
