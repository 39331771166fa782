-- the change

-- whimbrel:up

ALTER TABLE stops RENAME CONSTRAINT stops_trip_id_fkey TO fk_stop_trip;

-- whimbrel:down

ALTER TABLE stops RENAME CONSTRAINT fk_stop_trip TO stops_trip_id_fkey;
