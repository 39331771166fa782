-- the change
--
-- Mind:
-- - this fails when trips holds rows that break priced
-- - the new type of trips.price makes readers and writers of trips wait while all its rows are written anew: views read trips
-- - adding trips.twice makes readers and writers of trips wait while all its rows are written anew: each row stores its generated value

-- whimbrel:up

-- whimbrel:transaction on

DROP VIEW cheap;

DROP INDEX idx_trips_next;

ALTER TABLE trips DROP CONSTRAINT priced;

ALTER TABLE trips DROP COLUMN twice;

ALTER TABLE trips ALTER COLUMN price TYPE bigint;

ALTER TABLE trips ADD COLUMN twice bigint NOT NULL GENERATED ALWAYS AS (price * 2) STORED;

ALTER TABLE trips ADD CONSTRAINT priced CHECK (price > 0) NOT VALID;

CREATE VIEW cheap AS
SELECT id, price FROM trips;

-- whimbrel:transaction off

ALTER TABLE trips VALIDATE CONSTRAINT priced;

CREATE INDEX CONCURRENTLY idx_trips_next ON trips ((price + 1));

-- whimbrel:down

-- whimbrel:transaction on

DROP VIEW cheap;

DROP INDEX idx_trips_next;

ALTER TABLE trips DROP CONSTRAINT priced;

ALTER TABLE trips DROP COLUMN twice;

ALTER TABLE trips ALTER COLUMN price TYPE integer;

ALTER TABLE trips ADD COLUMN twice bigint NOT NULL GENERATED ALWAYS AS (price * 2) STORED;

ALTER TABLE trips ADD CONSTRAINT priced CHECK (price > 0) NOT VALID;

CREATE VIEW cheap AS
SELECT id, price FROM trips;

-- whimbrel:transaction off

ALTER TABLE trips VALIDATE CONSTRAINT priced;

CREATE INDEX CONCURRENTLY idx_trips_next ON trips ((price + 1));
