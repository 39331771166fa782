-- the change
--
-- Mind:
-- - code that uses trips.title fails from then on; where it cannot stop, add name beside it and drop trips.title later (expand and contract)

-- whimbrel:up

ALTER TABLE trips RENAME COLUMN title TO name;

-- whimbrel:down

ALTER TABLE trips RENAME COLUMN name TO title;
