-- the change

-- whimbrel:up

ALTER TABLE stops ALTER COLUMN id DROP DEFAULT;

DROP SEQUENCE IF EXISTS stops_id_seq;

ALTER TABLE stops ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;

SELECT setval(pg_get_serial_sequence('stops', 'id'), (SELECT COALESCE(max(id), 0) + 1 FROM stops), false);

-- whimbrel:down

ALTER TABLE stops ALTER COLUMN id DROP IDENTITY;

CREATE SEQUENCE stops_id_seq AS bigint OWNED BY stops.id;

ALTER TABLE stops ALTER COLUMN id SET DEFAULT nextval('stops_id_seq'::regclass);

SELECT setval('stops_id_seq', (SELECT COALESCE(max(id), 0) + 1 FROM stops), false);
