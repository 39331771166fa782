-- the change

-- whimbrel:up

ALTER TABLE trips ALTER COLUMN status DROP DEFAULT;

ALTER TABLE trips ALTER COLUMN status TYPE text;

ALTER TABLE trips ALTER COLUMN status SET DEFAULT 'planned';

DROP TYPE trip_status;

-- whimbrel:down

CREATE TYPE trip_status AS ENUM ('planned', 'done');

ALTER TABLE trips ALTER COLUMN status DROP DEFAULT;

ALTER TABLE trips ALTER COLUMN status TYPE trip_status USING status::trip_status;

ALTER TABLE trips ALTER COLUMN status SET DEFAULT 'planned';
