-- the change
--
-- Mind:
-- - this fails when trips holds rows that refer to no row of stops

-- whimbrel:up

ALTER TABLE trips ADD COLUMN first bigint;

CREATE TABLE stops (
    id bigint NOT NULL,
    trip_id bigint NOT NULL,
    CONSTRAINT stops_pkey PRIMARY KEY (id),
    CONSTRAINT stops_trip_id_fkey FOREIGN KEY (trip_id) REFERENCES trips (id)
);

ALTER TABLE trips ADD CONSTRAINT trips_first_fkey FOREIGN KEY (first) REFERENCES stops (id);

-- whimbrel:down

ALTER TABLE trips DROP CONSTRAINT trips_first_fkey;

DROP TABLE stops;

ALTER TABLE trips DROP COLUMN first;
