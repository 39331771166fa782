-- the change
--
-- Mind:
-- - code that uses stops fails from then on; where it cannot stop, add halts beside it and drop stops later (expand and contract)

-- whimbrel:up

ALTER TABLE stops RENAME TO halts;

ALTER SEQUENCE IF EXISTS stops_id_seq RENAME TO halts_id_seq;

ALTER TABLE halts RENAME CONSTRAINT stops_pkey TO halts_pkey;

-- whimbrel:down

ALTER TABLE halts RENAME CONSTRAINT halts_pkey TO stops_pkey;

ALTER SEQUENCE IF EXISTS halts_id_seq RENAME TO stops_id_seq;

ALTER TABLE halts RENAME TO stops;
