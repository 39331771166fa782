-- the change

-- whimbrel:up

ALTER TABLE trips ALTER COLUMN title DROP NOT NULL;

-- whimbrel:down

-- whimbrel:transaction off

ALTER TABLE trips ADD CONSTRAINT trips_title__not_null CHECK (title IS NOT NULL) NOT VALID;

ALTER TABLE trips VALIDATE CONSTRAINT trips_title__not_null;

-- whimbrel:transaction on

ALTER TABLE trips ALTER COLUMN title SET NOT NULL;

ALTER TABLE trips DROP CONSTRAINT trips_title__not_null;
