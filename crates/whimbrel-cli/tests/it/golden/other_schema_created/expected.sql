-- the change

-- whimbrel:up

CREATE SCHEMA billing;

CREATE TABLE billing.invoices (
    id bigint NOT NULL,
    trip_id bigint NOT NULL,
    CONSTRAINT invoices_pkey PRIMARY KEY (id),
    CONSTRAINT invoices_trip_id_fkey FOREIGN KEY (trip_id) REFERENCES trips (id)
);

-- whimbrel:down

-- whimbrel:transaction off

ALTER TABLE billing.invoices DROP CONSTRAINT invoices_trip_id_fkey;

-- whimbrel:transaction on

DROP TABLE billing.invoices;

DROP SCHEMA billing;
