-- the change
--
-- Mind:
-- - this fails when trips.seats holds values that do not fit the new type

-- whimbrel:up

ALTER TABLE trips ALTER COLUMN seats DROP DEFAULT;

ALTER TABLE trips ALTER COLUMN seats TYPE integer USING seats::integer;

ALTER TABLE trips ALTER COLUMN seats SET DEFAULT 1;

-- whimbrel:down

ALTER TABLE trips ALTER COLUMN seats DROP DEFAULT;

ALTER TABLE trips ALTER COLUMN seats TYPE text;

ALTER TABLE trips ALTER COLUMN seats SET DEFAULT '1';
