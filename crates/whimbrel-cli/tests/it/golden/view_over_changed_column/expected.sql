-- the change

-- whimbrel:up

DROP VIEW named;

ALTER TABLE trips ALTER COLUMN title TYPE varchar(40);

CREATE VIEW named AS
SELECT id, title FROM trips;

-- whimbrel:down

DROP VIEW named;

ALTER TABLE trips ALTER COLUMN title TYPE varchar(20);

CREATE VIEW named AS
SELECT id, title FROM trips;
