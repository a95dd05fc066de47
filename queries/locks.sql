-- name: TryAdvisoryLock :one
-- Held by the session until it ends, so a process that dies lets go of it.
SELECT pg_try_advisory_lock(@key);

-- name: ReleaseAdvisoryLocks :exec
SELECT pg_advisory_unlock_all();

-- name: Notify :exec
SELECT pg_notify(@channel, @payload);

-- name: HeldAdvisoryKeys :many
-- The keys of all advisory locks of this database: a 64-bit key is shown in two halves.
SELECT ((classid::bigint << 32) | objid::bigint)::bigint AS key
FROM pg_locks
WHERE locktype = 'advisory' AND objsubid = 1 AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database());

-- name: AdvisoryTxLock :exec
-- Held until the transaction ends.
SELECT pg_advisory_xact_lock(@key);
