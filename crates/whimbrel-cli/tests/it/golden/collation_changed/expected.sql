-- the change

-- whimbrel:up

ALTER TABLE trips ALTER COLUMN title TYPE text COLLATE "C";

-- whimbrel:down

ALTER TABLE trips ALTER COLUMN title TYPE text;
