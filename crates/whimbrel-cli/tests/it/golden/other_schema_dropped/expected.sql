-- the change
--
-- Mind:
-- - all rows of billing.invoices are lost
--
-- Rolling back does not bring back the data of what this does:
-- - drops table billing.invoices

-- whimbrel:up

DROP TABLE billing.invoices;

DROP SCHEMA billing;

-- whimbrel:down

CREATE SCHEMA billing;

CREATE TABLE billing.invoices (
    id bigint NOT NULL,
    total integer NOT NULL,
    CONSTRAINT invoices_pkey PRIMARY KEY (id)
);
