-- the change

-- whimbrel:up

ALTER TABLE trips RENAME COLUMN title TO name;

-- whimbrel:down

ALTER TABLE trips RENAME COLUMN name TO title;
