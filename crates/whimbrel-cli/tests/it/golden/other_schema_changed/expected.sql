-- the change

-- whimbrel:up

ALTER TABLE billing.invoices ALTER COLUMN total TYPE bigint;

ALTER TABLE billing.invoices ALTER COLUMN total SET DEFAULT 0;

CREATE INDEX idx_invoices_total ON billing.invoices (total);

-- whimbrel:down

DROP INDEX billing.idx_invoices_total;

ALTER TABLE billing.invoices ALTER COLUMN total DROP DEFAULT;

ALTER TABLE billing.invoices ALTER COLUMN total TYPE integer;
