-- When the scheduler starts runs. Rows, not the memory of a process: a start that was missed
-- while nothing ran is caught up once.

-- +goose Up
CREATE TABLE schedules (
    name          text        NOT NULL CONSTRAINT schedules_pkey PRIMARY KEY,
    cron          text        NOT NULL,
    time_zone     text        NOT NULL,
    last_fired_at timestamptz NOT NULL
);
COMMENT ON COLUMN schedules.last_fired_at IS 'The planned instant of the last start, not the moment at which it was carried out.';

-- +goose Down
DROP TABLE schedules;
