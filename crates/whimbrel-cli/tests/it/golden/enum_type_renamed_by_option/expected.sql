-- the change

-- whimbrel:up

ALTER TYPE trip_status RENAME TO stage;

-- whimbrel:down

ALTER TYPE stage RENAME TO trip_status;
