-- name: PutPayments :many
-- Gives the payments that are new or changed. A payment of another source is replaced only where
-- that source is among @lesser.
INSERT INTO funding_payments AS p (symbol_id, paid_at, rate, source, stored_at)
SELECT @symbol_id, u.paid_at, u.rate, @source, @now
FROM (SELECT unnest(@paid_at::timestamptz[]) AS paid_at, unnest(@rates::float8[]) AS rate) u
ON CONFLICT (symbol_id, paid_at) DO UPDATE SET rate = excluded.rate, source = excluded.source, stored_at = excluded.stored_at
WHERE p.rate <> excluded.rate AND (p.source = excluded.source OR p.source = ANY (@lesser::text[]))
RETURNING paid_at;

-- name: PaymentsBefore :many
SELECT paid_at, rate FROM funding_payments
WHERE symbol_id = @symbol_id AND paid_at <= @at
ORDER BY paid_at DESC
LIMIT @row_limit;

-- name: PaymentsAfter :many
SELECT paid_at, rate FROM funding_payments
WHERE symbol_id = @symbol_id AND paid_at > @after AND paid_at <= @through
ORDER BY paid_at;

-- name: KnownPaymentsBefore :many
SELECT paid_at, rate FROM funding_payments
WHERE symbol_id = @symbol_id AND paid_at <= @at AND stored_at <= @known_at
ORDER BY paid_at DESC
LIMIT @row_limit;

-- name: KnownPaymentsAfter :many
SELECT paid_at, rate FROM funding_payments
WHERE symbol_id = @symbol_id AND paid_at > @after AND paid_at <= @through AND stored_at <= @known_at
ORDER BY paid_at;

-- name: FirstPaymentStoredAfter :one
-- The last year stands for none.
SELECT coalesce(min(paid_at), '9999-12-31 00:00:00+00')::timestamptz AS paid_at FROM funding_payments
WHERE symbol_id = @symbol_id AND stored_at > @known_at;
