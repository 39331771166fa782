INSERT INTO "Order" (id) VALUES (1);
