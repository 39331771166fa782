-- the change

-- whimbrel:up

CREATE TYPE trip_status AS ENUM ('planned', 'done');

ALTER TABLE trips ADD COLUMN status trip_status NOT NULL DEFAULT 'planned';

-- whimbrel:down

ALTER TABLE trips DROP COLUMN status;

DROP TYPE trip_status;
