-- the change
--
-- Mind:
-- - this fails when trips.title holds values that do not fit the new type

-- whimbrel:up

ALTER TABLE trips ALTER COLUMN title TYPE varchar(40);

-- whimbrel:down

ALTER TABLE trips ALTER COLUMN title TYPE text;
