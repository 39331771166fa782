-- the change

-- whimbrel:up

ALTER TABLE trips DROP CONSTRAINT trips_pkey;

-- whimbrel:down

CREATE UNIQUE INDEX CONCURRENTLY trips_pkey ON trips (id);

ALTER TABLE trips ADD CONSTRAINT trips_pkey PRIMARY KEY USING INDEX trips_pkey;
