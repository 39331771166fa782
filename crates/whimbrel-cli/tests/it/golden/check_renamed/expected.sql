-- the change

-- whimbrel:up

ALTER TABLE trips RENAME CONSTRAINT seated TO has_seats;

-- whimbrel:down

ALTER TABLE trips RENAME CONSTRAINT has_seats TO seated;
