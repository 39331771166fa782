-- the change
--
-- Mind:
-- - all values of trips.status are lost
-- - code that still uses trips.status fails from then on: deploy code without it first (expand and contract)
--
-- Rolling back does not bring back the data of what this does:
-- - drops column trips.status trip_status

-- whimbrel:up

ALTER TABLE trips DROP COLUMN status;

DROP TYPE trip_status;

-- whimbrel:down

CREATE TYPE trip_status AS ENUM ('planned', 'done');

ALTER TABLE trips ADD COLUMN status trip_status NOT NULL;
