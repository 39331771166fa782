-- the change

-- whimbrel:up

CREATE SEQUENCE invoice_numbers START WITH 1000;

ALTER TABLE trips ALTER COLUMN number SET DEFAULT nextval('invoice_numbers');

-- whimbrel:down

ALTER TABLE trips ALTER COLUMN number DROP DEFAULT;

DROP SEQUENCE invoice_numbers;
