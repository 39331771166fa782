-- the change
--
-- Mind:
-- - this fails when rows hold a value that trip_status loses: booked

-- whimbrel:up

DROP VIEW over;

DROP INDEX idx_done;

ALTER TABLE trips DROP CONSTRAINT known;

CREATE TYPE trip_status__new AS ENUM ('planned', 'done');

ALTER TABLE trips ALTER COLUMN status DROP DEFAULT;

ALTER TABLE trips ALTER COLUMN past TYPE trip_status__new[] USING past::text[]::trip_status__new[];

ALTER TABLE trips ALTER COLUMN status TYPE trip_status__new USING status::text::trip_status__new;

DROP TYPE trip_status;

ALTER TYPE trip_status__new RENAME TO trip_status;

ALTER TABLE trips ALTER COLUMN status SET DEFAULT 'planned';

ALTER TABLE trips ADD CONSTRAINT known CHECK (status IN ('planned', 'done'));

CREATE INDEX idx_done ON trips (id) WHERE status = 'done';

CREATE VIEW over AS
SELECT id, status FROM trips WHERE status = 'done';

-- whimbrel:down

DROP VIEW over;

DROP INDEX idx_done;

ALTER TABLE trips DROP CONSTRAINT known;

CREATE TYPE trip_status__new AS ENUM ('planned', 'booked', 'done');

ALTER TABLE trips ALTER COLUMN status DROP DEFAULT;

ALTER TABLE trips ALTER COLUMN past TYPE trip_status__new[] USING past::text[]::trip_status__new[];

ALTER TABLE trips ALTER COLUMN status TYPE trip_status__new USING status::text::trip_status__new;

DROP TYPE trip_status;

ALTER TYPE trip_status__new RENAME TO trip_status;

ALTER TABLE trips ALTER COLUMN status SET DEFAULT 'planned';

ALTER TABLE trips ADD CONSTRAINT known CHECK (status IN ('planned', 'done'));

CREATE INDEX idx_done ON trips (id) WHERE status = 'done';

CREATE VIEW over AS
SELECT id, status FROM trips WHERE status = 'done';
