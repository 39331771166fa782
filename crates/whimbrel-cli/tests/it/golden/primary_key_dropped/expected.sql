-- the change

-- whimbrel:up

ALTER TABLE trips DROP CONSTRAINT trips_pkey;

-- whimbrel:down

ALTER TABLE trips ADD CONSTRAINT trips_pkey PRIMARY KEY (id);
