-- the change
--
-- Mind:
-- - the present value of sequence invoice_numbers is lost
--
-- Rolling back does not bring back the data of what this does:
-- - drops sequence invoice_numbers

-- whimbrel:up

DROP SEQUENCE invoice_numbers;

-- whimbrel:down

CREATE SEQUENCE invoice_numbers INCREMENT BY 10 START WITH 1000;
