-- the change

-- whimbrel:up

ALTER TABLE trips DROP CONSTRAINT trips_seats_max_check;

-- whimbrel:down

-- whimbrel:transaction off

ALTER TABLE trips ADD CONSTRAINT trips_seats_max_check CHECK (seats <= 9) NOT VALID;

ALTER TABLE trips VALIDATE CONSTRAINT trips_seats_max_check;
