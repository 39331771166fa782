-- the change
--
-- Mind:
-- - this fails when Order holds equal rows of (select)
-- - this fails when Order holds rows that break odd; name

-- whimbrel:up

DROP INDEX "By User";

ALTER TABLE "Order" ADD COLUMN "select" text;

ALTER TABLE "Order" ADD CONSTRAINT "Order_select_key" UNIQUE ("select");

ALTER TABLE "Order" ADD CONSTRAINT "odd; name" CHECK ("select" <> 'x;y');

CREATE INDEX "By User" ON "Order" ("the user" DESC);

-- whimbrel:down

DROP INDEX "By User";

ALTER TABLE "Order" DROP CONSTRAINT "odd; name";

ALTER TABLE "Order" DROP CONSTRAINT "Order_select_key";

ALTER TABLE "Order" DROP COLUMN "select";

CREATE INDEX "By User" ON "Order" ("the user");
