-- the change
--
-- Mind:
-- - this fails when trips holds equal rows of (code)
-- - this fails when trips holds equal rows of (id)
-- - this fails when stops holds rows that refer to no row of trips

-- whimbrel:up

ALTER TABLE stops DROP CONSTRAINT stops_trip_id_fkey;

ALTER TABLE trips DROP CONSTRAINT trips_code_key;

ALTER TABLE trips DROP CONSTRAINT trips_pkey;

ALTER TABLE trips ADD CONSTRAINT trips_pkey PRIMARY KEY (code);

ALTER TABLE trips ADD CONSTRAINT trips_id_key UNIQUE (id);

ALTER TABLE stops ADD CONSTRAINT stops_trip_id_fkey FOREIGN KEY (trip_id) REFERENCES trips (id);

-- whimbrel:down

ALTER TABLE stops DROP CONSTRAINT stops_trip_id_fkey;

ALTER TABLE trips DROP CONSTRAINT trips_id_key;

ALTER TABLE trips DROP CONSTRAINT trips_pkey;

ALTER TABLE trips ADD CONSTRAINT trips_pkey PRIMARY KEY (id);

ALTER TABLE trips ADD CONSTRAINT trips_code_key UNIQUE (code);

ALTER TABLE stops ADD CONSTRAINT stops_trip_id_fkey FOREIGN KEY (trip_id) REFERENCES trips (id);
