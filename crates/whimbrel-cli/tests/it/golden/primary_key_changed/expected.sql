-- the change
--
-- Mind:
-- - this fails when stops holds equal rows of (id, trip_id)

-- whimbrel:up

-- whimbrel:transaction off

CREATE UNIQUE INDEX CONCURRENTLY stops_pkey__new ON stops (id, trip_id);

-- whimbrel:transaction on

ALTER TABLE stops DROP CONSTRAINT stops_pkey;

ALTER TABLE stops ADD CONSTRAINT stops_pkey PRIMARY KEY USING INDEX stops_pkey__new;

-- whimbrel:down

-- whimbrel:transaction off

CREATE UNIQUE INDEX CONCURRENTLY stops_pkey__new ON stops (id);

-- whimbrel:transaction on

ALTER TABLE stops DROP CONSTRAINT stops_pkey;

ALTER TABLE stops ADD CONSTRAINT stops_pkey PRIMARY KEY USING INDEX stops_pkey__new;
