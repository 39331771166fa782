-- the change

-- whimbrel:up

ALTER TABLE trips RENAME CONSTRAINT trips_pkey TO trips_pk;

-- whimbrel:down

ALTER TABLE trips RENAME CONSTRAINT trips_pk TO trips_pkey;
