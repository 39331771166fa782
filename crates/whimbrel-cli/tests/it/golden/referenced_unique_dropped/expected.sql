-- the change
--
-- Mind:
-- - this fails when stops holds rows that refer to no row of trips

-- whimbrel:up

ALTER TABLE stops DROP CONSTRAINT stops_trip_fkey;

ALTER TABLE trips DROP CONSTRAINT trips_code_key;

ALTER TABLE stops ADD CONSTRAINT stops_trip_fkey FOREIGN KEY (trip) REFERENCES trips (id);

-- whimbrel:down

ALTER TABLE stops DROP CONSTRAINT stops_trip_fkey;

ALTER TABLE trips ADD CONSTRAINT trips_code_key UNIQUE (code);

ALTER TABLE stops ADD CONSTRAINT stops_trip_fkey FOREIGN KEY (trip) REFERENCES trips (code);
