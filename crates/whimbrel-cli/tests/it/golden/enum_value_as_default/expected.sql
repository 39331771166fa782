-- the change
--
-- Mind:
-- - the tables that use trip_status are written anew

-- whimbrel:up

ALTER TABLE trips ALTER COLUMN status DROP DEFAULT;

CREATE TYPE trip_status__new AS ENUM ('planned', 'done', 'cancelled');

ALTER TABLE trips ALTER COLUMN status TYPE trip_status__new USING status::text::trip_status__new;

DROP TYPE trip_status;

ALTER TYPE trip_status__new RENAME TO trip_status;

ALTER TABLE trips ALTER COLUMN status SET DEFAULT 'cancelled';

-- whimbrel:down

ALTER TABLE trips ALTER COLUMN status DROP DEFAULT;

CREATE TYPE trip_status__new AS ENUM ('planned', 'done');

ALTER TABLE trips ALTER COLUMN status TYPE trip_status__new USING status::text::trip_status__new;

DROP TYPE trip_status;

ALTER TYPE trip_status__new RENAME TO trip_status;

ALTER TABLE trips ALTER COLUMN status SET DEFAULT 'planned';
