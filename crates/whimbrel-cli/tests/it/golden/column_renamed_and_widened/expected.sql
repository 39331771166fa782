-- the change

-- whimbrel:up

ALTER TABLE trips RENAME COLUMN seats TO places;

ALTER TABLE trips ALTER COLUMN places TYPE bigint;

-- whimbrel:down

ALTER TABLE trips ALTER COLUMN places TYPE integer;

ALTER TABLE trips RENAME COLUMN places TO seats;
