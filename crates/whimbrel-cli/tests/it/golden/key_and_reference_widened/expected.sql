-- the change
--
-- Mind:
-- - this fails when stops holds rows that refer to no row of trips

-- whimbrel:up

ALTER TABLE stops DROP CONSTRAINT stops_trip_id_fkey;

ALTER TABLE stops ALTER COLUMN trip_id TYPE bigint;

ALTER TABLE trips ALTER COLUMN id TYPE bigint;

ALTER TABLE stops ADD CONSTRAINT stops_trip_id_fkey FOREIGN KEY (trip_id) REFERENCES trips (id);

-- whimbrel:down

ALTER TABLE stops DROP CONSTRAINT stops_trip_id_fkey;

ALTER TABLE trips ALTER COLUMN id TYPE integer;

ALTER TABLE stops ALTER COLUMN trip_id TYPE integer;

ALTER TABLE stops ADD CONSTRAINT stops_trip_id_fkey FOREIGN KEY (trip_id) REFERENCES trips (id);
