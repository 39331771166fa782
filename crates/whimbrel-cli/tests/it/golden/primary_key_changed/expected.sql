-- the change
--
-- Mind:
-- - this fails when stops holds equal rows of (id, trip_id)

-- whimbrel:up

ALTER TABLE stops DROP CONSTRAINT stops_pkey;

ALTER TABLE stops ADD CONSTRAINT stops_pkey PRIMARY KEY (id, trip_id);

-- whimbrel:down

ALTER TABLE stops DROP CONSTRAINT stops_pkey;

ALTER TABLE stops ADD CONSTRAINT stops_pkey PRIMARY KEY (id);
