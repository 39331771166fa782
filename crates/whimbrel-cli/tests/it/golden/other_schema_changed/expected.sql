-- the change
--
-- Mind:
-- - billing.invoices.total becomes the last column of billing.invoices; rights on that column alone are not carried over

-- whimbrel:up

-- whimbrel:engine postgres

-- whimbrel:transaction on

ALTER TABLE billing.invoices ADD COLUMN total__new bigint;

CREATE FUNCTION billing.whimbrel_convert_invoices() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $whimbrel$
BEGIN
    NEW.total__new := NEW.total;
    RETURN NEW;
END
$whimbrel$;

CREATE TRIGGER whimbrel_convert_invoices BEFORE INSERT OR UPDATE ON billing.invoices FOR EACH ROW EXECUTE FUNCTION billing.whimbrel_convert_invoices();

ALTER TABLE billing.invoices ENABLE ALWAYS TRIGGER whimbrel_convert_invoices;

-- whimbrel:transaction off

-- whimbrel:batch size=2000
UPDATE billing.invoices SET total__new = total WHERE total__new IS NULL AND total IS NOT NULL;

CREATE INDEX CONCURRENTLY idx_invoices_total ON billing.invoices (total__new);

ALTER TABLE billing.invoices ADD CONSTRAINT invoices_total__not_null CHECK (total__new IS NOT NULL) NOT VALID;

ALTER TABLE billing.invoices VALIDATE CONSTRAINT invoices_total__not_null;

ANALYZE billing.invoices (total__new);

-- whimbrel:transaction on

LOCK TABLE billing.invoices IN ACCESS EXCLUSIVE MODE;

DROP TRIGGER whimbrel_convert_invoices ON billing.invoices;

DROP FUNCTION billing.whimbrel_convert_invoices();

ALTER TABLE billing.invoices DROP COLUMN total;

ALTER TABLE billing.invoices RENAME COLUMN total__new TO total;

ALTER TABLE billing.invoices ALTER COLUMN total SET NOT NULL;

ALTER TABLE billing.invoices DROP CONSTRAINT invoices_total__not_null;

ALTER TABLE billing.invoices ALTER COLUMN total SET DEFAULT 0;

-- whimbrel:engine sqlite

-- whimbrel:transaction on

ALTER TABLE billing.invoices ALTER COLUMN total TYPE bigint;

ALTER TABLE billing.invoices ALTER COLUMN total SET DEFAULT 0;

CREATE INDEX idx_invoices_total ON billing.invoices (total);

-- whimbrel:engine any

-- whimbrel:down

-- whimbrel:transaction off

DROP INDEX CONCURRENTLY billing.idx_invoices_total;

-- whimbrel:engine postgres

-- whimbrel:transaction on

ALTER TABLE billing.invoices ADD COLUMN total__new integer;

CREATE FUNCTION billing.whimbrel_convert_invoices() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $whimbrel$
BEGIN
    NEW.total__new := NEW.total;
    RETURN NEW;
END
$whimbrel$;

CREATE TRIGGER whimbrel_convert_invoices BEFORE INSERT OR UPDATE ON billing.invoices FOR EACH ROW EXECUTE FUNCTION billing.whimbrel_convert_invoices();

ALTER TABLE billing.invoices ENABLE ALWAYS TRIGGER whimbrel_convert_invoices;

-- whimbrel:transaction off

-- whimbrel:batch size=2000
UPDATE billing.invoices SET total__new = total WHERE total__new IS NULL AND total IS NOT NULL;

ALTER TABLE billing.invoices ADD CONSTRAINT invoices_total__not_null CHECK (total__new IS NOT NULL) NOT VALID;

ALTER TABLE billing.invoices VALIDATE CONSTRAINT invoices_total__not_null;

ANALYZE billing.invoices (total__new);

-- whimbrel:transaction on

LOCK TABLE billing.invoices IN ACCESS EXCLUSIVE MODE;

DROP TRIGGER whimbrel_convert_invoices ON billing.invoices;

DROP FUNCTION billing.whimbrel_convert_invoices();

ALTER TABLE billing.invoices DROP COLUMN total;

ALTER TABLE billing.invoices RENAME COLUMN total__new TO total;

ALTER TABLE billing.invoices ALTER COLUMN total SET NOT NULL;

ALTER TABLE billing.invoices DROP CONSTRAINT invoices_total__not_null;

-- whimbrel:engine sqlite

-- whimbrel:transaction on

ALTER TABLE billing.invoices ALTER COLUMN total DROP DEFAULT;

ALTER TABLE billing.invoices ALTER COLUMN total TYPE integer;

-- whimbrel:engine any
