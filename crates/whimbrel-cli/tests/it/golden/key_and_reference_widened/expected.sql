-- the change
--
-- Mind:
-- - this fails when stops holds rows that refer to no row of trips
-- - the new type of stops.trip_id makes readers and writers of stops wait while all its rows are written anew: stops_trip_id_fkey is built on the column
-- - the new type of trips.id makes readers and writers of trips wait while all its rows are written anew: trips_pkey is built on the column

-- whimbrel:up

-- whimbrel:transaction on

ALTER TABLE stops DROP CONSTRAINT stops_trip_id_fkey;

ALTER TABLE stops ALTER COLUMN trip_id TYPE bigint;

ALTER TABLE trips ALTER COLUMN id TYPE bigint;

ALTER TABLE stops ADD CONSTRAINT stops_trip_id_fkey FOREIGN KEY (trip_id) REFERENCES trips (id) NOT VALID;

-- whimbrel:transaction off

ALTER TABLE stops VALIDATE CONSTRAINT stops_trip_id_fkey;

-- whimbrel:down

-- whimbrel:transaction on

ALTER TABLE stops DROP CONSTRAINT stops_trip_id_fkey;

ALTER TABLE trips ALTER COLUMN id TYPE integer;

ALTER TABLE stops ALTER COLUMN trip_id TYPE integer;

ALTER TABLE stops ADD CONSTRAINT stops_trip_id_fkey FOREIGN KEY (trip_id) REFERENCES trips (id) NOT VALID;

-- whimbrel:transaction off

ALTER TABLE stops VALIDATE CONSTRAINT stops_trip_id_fkey;
