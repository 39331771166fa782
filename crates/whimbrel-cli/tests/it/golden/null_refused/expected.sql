-- the change
--
-- Mind:
-- - this fails when trips.title holds NULL

-- whimbrel:up

ALTER TABLE trips ALTER COLUMN title SET NOT NULL;

-- whimbrel:down

ALTER TABLE trips ALTER COLUMN title DROP NOT NULL;
