-- the change
--
-- Mind:
-- - this fails when stops holds rows that refer to no row of trips

-- whimbrel:up

ALTER TABLE stops DROP CONSTRAINT stops_trip_id_fkey;

ALTER TABLE stops ADD CONSTRAINT stops_trip_id_fkey FOREIGN KEY (trip_id) REFERENCES trips (id) DEFERRABLE INITIALLY DEFERRED;

-- whimbrel:down

ALTER TABLE stops DROP CONSTRAINT stops_trip_id_fkey;

ALTER TABLE stops ADD CONSTRAINT stops_trip_id_fkey FOREIGN KEY (trip_id) REFERENCES trips (id);
