-- the change
--
-- Mind:
-- - this fails when trips holds rows that refer to no row of stops

-- whimbrel:up

-- whimbrel:transaction on

ALTER TABLE trips ADD COLUMN first bigint;

CREATE TABLE stops (
    id bigint NOT NULL,
    trip_id bigint NOT NULL,
    CONSTRAINT stops_pkey PRIMARY KEY (id),
    CONSTRAINT stops_trip_id_fkey FOREIGN KEY (trip_id) REFERENCES trips (id)
);

ALTER TABLE trips ADD CONSTRAINT trips_first_fkey FOREIGN KEY (first) REFERENCES stops (id) NOT VALID;

-- whimbrel:transaction off

ALTER TABLE trips VALIDATE CONSTRAINT trips_first_fkey;

-- whimbrel:down

-- whimbrel:transaction off

ALTER TABLE trips DROP CONSTRAINT trips_first_fkey;

ALTER TABLE stops DROP CONSTRAINT stops_trip_id_fkey;

-- whimbrel:transaction on

DROP TABLE stops;

ALTER TABLE trips DROP COLUMN first;
