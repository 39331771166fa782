-- the change
--
-- Mind:
-- - this fails when Order holds equal rows of (select)
-- - this fails when Order holds rows that break odd; name

-- whimbrel:up

-- whimbrel:transaction on

ALTER TABLE "Order" ADD COLUMN "select" text;

ALTER TABLE "Order" ADD CONSTRAINT "odd; name" CHECK ("select" <> 'x;y') NOT VALID;

-- whimbrel:transaction off

CREATE UNIQUE INDEX CONCURRENTLY "Order_select_key" ON "Order" ("select");

ALTER TABLE "Order" ADD CONSTRAINT "Order_select_key" UNIQUE USING INDEX "Order_select_key";

ALTER TABLE "Order" VALIDATE CONSTRAINT "odd; name";

CREATE INDEX CONCURRENTLY "By User__new" ON "Order" ("the user" DESC);

-- whimbrel:transaction on

DROP INDEX "By User";

ALTER INDEX "By User__new" RENAME TO "By User";

-- whimbrel:down

-- whimbrel:transaction on

ALTER TABLE "Order" DROP CONSTRAINT "odd; name";

ALTER TABLE "Order" DROP CONSTRAINT "Order_select_key";

ALTER TABLE "Order" DROP COLUMN "select";

-- whimbrel:transaction off

CREATE INDEX CONCURRENTLY "By User__new" ON "Order" ("the user");

-- whimbrel:transaction on

DROP INDEX "By User";

ALTER INDEX "By User__new" RENAME TO "By User";
