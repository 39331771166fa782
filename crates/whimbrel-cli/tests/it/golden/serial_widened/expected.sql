-- the change

-- whimbrel:up

ALTER TABLE stops ALTER COLUMN id TYPE bigint;

ALTER SEQUENCE IF EXISTS stops_id_seq AS bigint;

-- whimbrel:down

ALTER TABLE stops ALTER COLUMN id TYPE integer;

ALTER SEQUENCE IF EXISTS stops_id_seq AS integer;
