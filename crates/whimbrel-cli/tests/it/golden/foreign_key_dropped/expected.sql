-- the change

-- whimbrel:up

ALTER TABLE stops DROP CONSTRAINT stops_trip_id_fkey;

-- whimbrel:down

-- whimbrel:transaction off

ALTER TABLE stops ADD CONSTRAINT stops_trip_id_fkey FOREIGN KEY (trip_id) REFERENCES trips (id) ON DELETE CASCADE NOT VALID;

ALTER TABLE stops VALIDATE CONSTRAINT stops_trip_id_fkey;
