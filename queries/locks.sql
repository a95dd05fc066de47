-- name: TryAdvisoryLock :one
-- Held by the session until it ends, so a process that dies lets go of it.
SELECT pg_try_advisory_lock(@key);

-- name: ReleaseAdvisoryLocks :exec
SELECT pg_advisory_unlock_all();

-- name: Notify :exec
SELECT pg_notify(@channel, @payload);
