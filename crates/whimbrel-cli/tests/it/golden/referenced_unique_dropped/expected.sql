-- the change
--
-- Mind:
-- - this fails when stops holds rows that refer to no row of trips

-- whimbrel:up

-- whimbrel:transaction on

ALTER TABLE stops DROP CONSTRAINT stops_trip_fkey;

ALTER TABLE trips DROP CONSTRAINT trips_code_key;

ALTER TABLE stops ADD CONSTRAINT stops_trip_fkey FOREIGN KEY (trip) REFERENCES trips (id) NOT VALID;

-- whimbrel:transaction off

ALTER TABLE stops VALIDATE CONSTRAINT stops_trip_fkey;

-- whimbrel:down

ALTER TABLE stops DROP CONSTRAINT stops_trip_fkey;

CREATE UNIQUE INDEX CONCURRENTLY trips_code_key ON trips (code);

ALTER TABLE trips ADD CONSTRAINT trips_code_key UNIQUE USING INDEX trips_code_key;

ALTER TABLE stops ADD CONSTRAINT stops_trip_fkey FOREIGN KEY (trip) REFERENCES trips (code) NOT VALID;

ALTER TABLE stops VALIDATE CONSTRAINT stops_trip_fkey;
