-- the change

-- whimbrel:up

ALTER TABLE trips ADD COLUMN tags text[];

-- whimbrel:down

ALTER TABLE trips DROP COLUMN tags;
