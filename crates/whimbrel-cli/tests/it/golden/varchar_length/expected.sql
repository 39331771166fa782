-- the change

-- whimbrel:up

ALTER TABLE trips ALTER COLUMN title TYPE varchar(80);

-- whimbrel:down

ALTER TABLE trips ALTER COLUMN title TYPE varchar(40);
