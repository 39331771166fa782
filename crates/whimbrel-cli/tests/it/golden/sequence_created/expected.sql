-- the change

-- whimbrel:up

CREATE SEQUENCE invoice_numbers START WITH 1000;

-- whimbrel:down

DROP SEQUENCE invoice_numbers;
