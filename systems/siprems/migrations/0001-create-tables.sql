-- create tables

-- whimbrel:up

CREATE TYPE event_type AS ENUM ('holiday', 'promotion', 'seasonal', 'custom');

CREATE TABLE events (
    event_id serial NOT NULL,
    event_name varchar(255) NOT NULL,
    event_date date NOT NULL,
    type event_type NOT NULL,
    description text,
    include_in_prediction boolean DEFAULT true,
    CONSTRAINT events_pkey PRIMARY KEY (event_id),
    CONSTRAINT events_event_name_event_date_key UNIQUE (event_name, event_date)
);

CREATE INDEX idx_events_date ON events (event_date);

CREATE INDEX idx_events_type ON events (type);

CREATE TABLE products (
    product_id serial NOT NULL,
    name varchar(255) NOT NULL,
    category varchar(100),
    variation varchar(100),
    price numeric(10,2) NOT NULL,
    stock integer NOT NULL DEFAULT 0,
    sku varchar(100) NOT NULL,
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT products_pkey PRIMARY KEY (product_id),
    CONSTRAINT products_sku_key UNIQUE (sku)
);

CREATE INDEX idx_products_category ON products (category);

CREATE INDEX idx_products_sku ON products (sku);

CREATE TABLE transactions (
    transaction_id serial NOT NULL,
    product_id integer NOT NULL,
    quantity_sold integer NOT NULL,
    price_per_unit numeric(10,2) NOT NULL,
    transaction_date timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    is_promo boolean DEFAULT false,
    CONSTRAINT transactions_pkey PRIMARY KEY (transaction_id),
    CONSTRAINT transactions_product_id_fkey FOREIGN KEY (product_id) REFERENCES products (product_id) ON DELETE RESTRICT
);

CREATE INDEX idx_product_id ON transactions (product_id);

CREATE INDEX idx_transaction_date ON transactions (transaction_date);

CREATE INDEX idx_transactions_date_range ON transactions (transaction_date DESC);

CREATE INDEX idx_transactions_is_promo ON transactions (is_promo);

CREATE INDEX idx_transactions_product_date ON transactions (product_id, transaction_date);

CREATE INDEX idx_transactions_quantity_date ON transactions (quantity_sold, transaction_date);

CREATE TABLE users (
    user_id serial NOT NULL,
    email varchar(255) NOT NULL,
    full_name varchar(255) NOT NULL,
    password_hash varchar(255) NOT NULL,
    is_active boolean DEFAULT true,
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT users_pkey PRIMARY KEY (user_id),
    CONSTRAINT users_email_key UNIQUE (email)
);

CREATE INDEX idx_users_created_at ON users (created_at);

CREATE INDEX idx_users_email ON users (email);

-- whimbrel:down

DROP TABLE users;

DROP TABLE transactions;

DROP TABLE products;

DROP TABLE events;

DROP TYPE event_type;
