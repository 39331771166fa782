-- the change
--
-- Mind:
-- - this fails when stops holds rows that refer to no row of trips

-- whimbrel:up

-- whimbrel:transaction on

ALTER TABLE stops DROP CONSTRAINT stops_trip_id_fkey;

ALTER TABLE stops ADD CONSTRAINT stops_trip_id_fkey FOREIGN KEY (trip_id) REFERENCES trips (id) DEFERRABLE INITIALLY DEFERRED NOT VALID;

-- whimbrel:transaction off

ALTER TABLE stops VALIDATE CONSTRAINT stops_trip_id_fkey;

-- whimbrel:down

-- whimbrel:transaction on

ALTER TABLE stops DROP CONSTRAINT stops_trip_id_fkey;

ALTER TABLE stops ADD CONSTRAINT stops_trip_id_fkey FOREIGN KEY (trip_id) REFERENCES trips (id) NOT VALID;

-- whimbrel:transaction off

ALTER TABLE stops VALIDATE CONSTRAINT stops_trip_id_fkey;
