-- the change

-- whimbrel:up

ALTER TABLE trips DROP CONSTRAINT trips_seats_max_check;

-- whimbrel:down

ALTER TABLE trips ADD CONSTRAINT trips_seats_max_check CHECK (seats <= 9);
