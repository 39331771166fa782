-- the change

-- whimbrel:up

ALTER TYPE trip_status RENAME VALUE 'planned' TO 'drafted';

-- whimbrel:down

ALTER TYPE trip_status RENAME VALUE 'drafted' TO 'planned';
