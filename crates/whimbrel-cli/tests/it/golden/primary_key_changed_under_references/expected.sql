-- the change
--
-- Mind:
-- - this fails when trips holds equal rows of (code)
-- - this fails when trips holds equal rows of (id)
-- - this fails when stops holds rows that refer to no row of trips

-- whimbrel:up

-- whimbrel:transaction on

ALTER TABLE stops DROP CONSTRAINT stops_trip_id_fkey;

ALTER TABLE trips DROP CONSTRAINT trips_code_key;

-- whimbrel:transaction off

CREATE UNIQUE INDEX CONCURRENTLY trips_pkey__new ON trips (code);

-- whimbrel:transaction on

ALTER TABLE trips DROP CONSTRAINT trips_pkey;

ALTER TABLE trips ADD CONSTRAINT trips_pkey PRIMARY KEY USING INDEX trips_pkey__new;

-- whimbrel:transaction off

CREATE UNIQUE INDEX CONCURRENTLY trips_id_key ON trips (id);

ALTER TABLE trips ADD CONSTRAINT trips_id_key UNIQUE USING INDEX trips_id_key;

ALTER TABLE stops ADD CONSTRAINT stops_trip_id_fkey FOREIGN KEY (trip_id) REFERENCES trips (id) NOT VALID;

ALTER TABLE stops VALIDATE CONSTRAINT stops_trip_id_fkey;

-- whimbrel:down

-- whimbrel:transaction on

ALTER TABLE stops DROP CONSTRAINT stops_trip_id_fkey;

ALTER TABLE trips DROP CONSTRAINT trips_id_key;

-- whimbrel:transaction off

CREATE UNIQUE INDEX CONCURRENTLY trips_pkey__new ON trips (id);

-- whimbrel:transaction on

ALTER TABLE trips DROP CONSTRAINT trips_pkey;

ALTER TABLE trips ADD CONSTRAINT trips_pkey PRIMARY KEY USING INDEX trips_pkey__new;

-- whimbrel:transaction off

CREATE UNIQUE INDEX CONCURRENTLY trips_code_key ON trips (code);

ALTER TABLE trips ADD CONSTRAINT trips_code_key UNIQUE USING INDEX trips_code_key;

ALTER TABLE stops ADD CONSTRAINT stops_trip_id_fkey FOREIGN KEY (trip_id) REFERENCES trips (id) NOT VALID;

ALTER TABLE stops VALIDATE CONSTRAINT stops_trip_id_fkey;
