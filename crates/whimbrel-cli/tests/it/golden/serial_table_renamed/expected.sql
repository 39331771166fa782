-- the change

-- whimbrel:up

ALTER TABLE stops RENAME TO halts;

ALTER SEQUENCE IF EXISTS stops_id_seq RENAME TO halts_id_seq;

ALTER TABLE halts RENAME CONSTRAINT stops_pkey TO halts_pkey;

-- whimbrel:down

ALTER TABLE halts RENAME CONSTRAINT halts_pkey TO stops_pkey;

ALTER SEQUENCE IF EXISTS halts_id_seq RENAME TO stops_id_seq;

ALTER TABLE halts RENAME TO stops;
