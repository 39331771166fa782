-- the change

-- whimbrel:up

ALTER TABLE stops ALTER COLUMN id TYPE bigint;

-- whimbrel:down

ALTER TABLE stops ALTER COLUMN id TYPE integer;
