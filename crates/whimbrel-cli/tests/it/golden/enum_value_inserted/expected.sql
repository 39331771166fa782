-- the change

-- whimbrel:up

ALTER TYPE trip_status ADD VALUE 'booked' AFTER 'planned';

-- whimbrel:down

CREATE TYPE trip_status__new AS ENUM ('planned', 'done');

ALTER TABLE trips ALTER COLUMN status DROP DEFAULT;

ALTER TABLE trips ALTER COLUMN status TYPE trip_status__new USING status::text::trip_status__new;

DROP TYPE trip_status;

ALTER TYPE trip_status__new RENAME TO trip_status;

ALTER TABLE trips ALTER COLUMN status SET DEFAULT 'planned';
