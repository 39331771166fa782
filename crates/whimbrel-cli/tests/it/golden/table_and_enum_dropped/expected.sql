-- the change
--
-- Mind:
-- - all rows of stops are lost
--
-- Rolling back does not bring back the data of what this does:
-- - drops table stops

-- whimbrel:up

-- whimbrel:transaction off

ALTER TABLE stops DROP CONSTRAINT stops_trip_id_fkey;

-- whimbrel:transaction on

DROP TABLE stops;

DROP TYPE trip_status;

-- whimbrel:down

CREATE TYPE trip_status AS ENUM ('planned', 'done');

CREATE TABLE stops (
    id bigint NOT NULL,
    status trip_status NOT NULL,
    trip_id bigint NOT NULL,
    CONSTRAINT stops_pkey PRIMARY KEY (id),
    CONSTRAINT stops_trip_id_fkey FOREIGN KEY (trip_id) REFERENCES trips (id)
);

CREATE INDEX idx_stops_status ON stops (status);
