-- the change

-- whimbrel:up

ALTER TYPE billing.trip_status ADD VALUE 'lost';

-- whimbrel:down

CREATE TYPE billing.trip_status__new AS ENUM ('planned', 'done');

ALTER TABLE trips ALTER COLUMN status DROP DEFAULT;

ALTER TABLE trips ALTER COLUMN status TYPE billing.trip_status__new USING status::text::billing.trip_status__new;

DROP TYPE billing.trip_status;

ALTER TYPE billing.trip_status__new RENAME TO trip_status;

ALTER TABLE trips ALTER COLUMN status SET DEFAULT 'planned';
