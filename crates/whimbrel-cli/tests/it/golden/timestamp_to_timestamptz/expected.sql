-- the change

-- whimbrel:up

ALTER TABLE trips ALTER COLUMN left_at TYPE timestamptz USING left_at AT TIME ZONE 'UTC';

-- whimbrel:down

ALTER TABLE trips ALTER COLUMN left_at TYPE timestamp USING left_at AT TIME ZONE 'UTC';
