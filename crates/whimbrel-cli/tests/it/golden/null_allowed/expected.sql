-- the change

-- whimbrel:up

ALTER TABLE trips ALTER COLUMN title DROP NOT NULL;

-- whimbrel:down

ALTER TABLE trips ALTER COLUMN title SET NOT NULL;
