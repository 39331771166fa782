-- the change

-- whimbrel:up

SELECT setval('invoice_numbers', LEAST(GREATEST(last_value, 1), 90000), is_called AND last_value BETWEEN 1 AND 90000) FROM invoice_numbers;

ALTER SEQUENCE invoice_numbers INCREMENT BY 10 MAXVALUE 90000 CACHE 5 CYCLE;

-- whimbrel:down

ALTER SEQUENCE invoice_numbers INCREMENT BY 1 MAXVALUE 9223372036854775807 CACHE 1 NO CYCLE;
