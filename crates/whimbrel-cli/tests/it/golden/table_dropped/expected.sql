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

DROP TABLE stops;

-- whimbrel:down

CREATE TABLE stops (
    id bigint NOT NULL,
    trip_id bigint NOT NULL,
    CONSTRAINT stops_pkey PRIMARY KEY (id),
    CONSTRAINT stops_trip_id_fkey FOREIGN KEY (trip_id) REFERENCES trips (id)
);
