-- the change

-- whimbrel:up

ALTER TABLE trips ALTER COLUMN seats TYPE bigint;

-- whimbrel:down

ALTER TABLE trips ALTER COLUMN seats TYPE integer;
