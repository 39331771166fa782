-- the change

-- whimbrel:up

ALTER TABLE trips ALTER COLUMN total DROP EXPRESSION;

ALTER TABLE trips ALTER COLUMN total DROP NOT NULL;

-- whimbrel:down

-- whimbrel:transaction off

ALTER TABLE trips ADD CONSTRAINT trips_total__not_null CHECK (total IS NOT NULL) NOT VALID;

ALTER TABLE trips VALIDATE CONSTRAINT trips_total__not_null;

-- whimbrel:transaction on

ALTER TABLE trips ALTER COLUMN total SET NOT NULL;

ALTER TABLE trips DROP CONSTRAINT trips_total__not_null;

-- whimbrel:transaction on

ALTER TABLE trips DROP COLUMN total;

ALTER TABLE trips ADD COLUMN total integer NOT NULL GENERATED ALWAYS AS (price * seats) STORED;
