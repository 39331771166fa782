-- the change
--
-- Mind:
-- - this fails when trips.seats holds values that do not fit the new type

-- whimbrel:up

ALTER TABLE trips RENAME COLUMN size TO seats;

ALTER TABLE trips ALTER COLUMN seats DROP DEFAULT;

ALTER TABLE trips ALTER COLUMN seats TYPE integer USING seats::integer;

ALTER TABLE trips ALTER COLUMN seats DROP NOT NULL;

ALTER TABLE trips ALTER COLUMN seats SET DEFAULT 8;

COMMENT ON COLUMN trips.seats IS 'How many.';

-- whimbrel:down

COMMENT ON COLUMN trips.seats IS NULL;

ALTER TABLE trips ALTER COLUMN seats DROP DEFAULT;

ALTER TABLE trips ALTER COLUMN seats SET NOT NULL;

ALTER TABLE trips ALTER COLUMN seats TYPE varchar(20);

ALTER TABLE trips ALTER COLUMN seats SET DEFAULT '7';

ALTER TABLE trips RENAME COLUMN seats TO size;
