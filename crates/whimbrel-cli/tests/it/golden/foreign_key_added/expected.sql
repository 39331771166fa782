-- the change
--
-- Mind:
-- - this fails when stops holds rows that refer to no row of trips

-- whimbrel:up

-- whimbrel:transaction off

ALTER TABLE stops ADD CONSTRAINT stops_trip_id_fkey FOREIGN KEY (trip_id) REFERENCES trips (id) NOT VALID;

ALTER TABLE stops VALIDATE CONSTRAINT stops_trip_id_fkey;

-- whimbrel:down

ALTER TABLE stops DROP CONSTRAINT stops_trip_id_fkey;
