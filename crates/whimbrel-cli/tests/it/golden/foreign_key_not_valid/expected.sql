-- the change

-- whimbrel:up

ALTER TABLE stops VALIDATE CONSTRAINT stops_trip_id_fkey;

-- whimbrel:down

ALTER TABLE stops DROP CONSTRAINT stops_trip_id_fkey;

ALTER TABLE stops ADD CONSTRAINT stops_trip_id_fkey FOREIGN KEY (trip_id) REFERENCES trips (id) ON DELETE CASCADE NOT VALID;
