-- the change

-- whimbrel:up

COMMENT ON TABLE trips IS 'What''s planned.';

-- whimbrel:down

COMMENT ON TABLE trips IS NULL;
