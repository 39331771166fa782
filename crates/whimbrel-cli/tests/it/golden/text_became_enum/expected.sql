-- the change
--
-- Mind:
-- - this fails when trips.status holds values that do not fit the new type

-- whimbrel:up

CREATE TYPE trip_status AS ENUM ('planned', 'done');

ALTER TABLE trips ALTER COLUMN status DROP DEFAULT;

ALTER TABLE trips ALTER COLUMN status TYPE trip_status USING status::trip_status;

ALTER TABLE trips ALTER COLUMN status SET DEFAULT 'planned';

-- whimbrel:down

ALTER TABLE trips ALTER COLUMN status DROP DEFAULT;

ALTER TABLE trips ALTER COLUMN status TYPE text;

ALTER TABLE trips ALTER COLUMN status SET DEFAULT 'planned';

DROP TYPE trip_status;
