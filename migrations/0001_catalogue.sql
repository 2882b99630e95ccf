-- The catalogue as rows. Columns are named as front matter is; keys are slugs, as in URLs, and follow when a slug
-- changes. Dates are as exact as they are known. What one row can say wrongly by itself, a constraint refuses.

CREATE SCHEMA IF NOT EXISTS lifthill;

CREATE DOMAIN lifthill.slug AS text
    CHECK (VALUE ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(VALUE) <= 200);

-- "1984-05-12", "1984-05", "1984" or "1980s".
CREATE DOMAIN lifthill.partial_date AS text
    CHECK (VALUE ~ '^(1[0-9]|2[01])([0-9]{2}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?|[0-9]0s)$');

-- A number that is one: neither NaN nor infinite.
CREATE DOMAIN lifthill.amount AS double precision
    CHECK (VALUE >= 0 AND VALUE < 'Infinity'::double precision);

CREATE TABLE lifthill.companies (
    slug lifthill.slug PRIMARY KEY,
    name text NOT NULL CHECK (btrim(name) <> ''),
    description text,
    legal_name text,
    roles text[],
    country text,
    founded lifthill.partial_date,
    closed lifthill.partial_date,
    website text,
    parent lifthill.slug REFERENCES lifthill.companies ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    person boolean,
    updated lifthill.partial_date,
    former_names text[],
    sources text[],
    photo text,
    native_names jsonb,
    draft boolean,
    publish_on timestamptz,
    expires_on timestamptz,
    extra jsonb,
    body text NOT NULL DEFAULT ''
);
CREATE INDEX companies_parent ON lifthill.companies (parent);

CREATE TABLE lifthill.models (
    company lifthill.slug NOT NULL REFERENCES lifthill.companies ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    slug lifthill.slug NOT NULL,
    key text NOT NULL GENERATED ALWAYS AS (company || '/' || slug) STORED UNIQUE,
    name text NOT NULL CHECK (btrim(name) <> ''),
    description text,
    category text,
    kinds text[],
    updated lifthill.partial_date,
    former_names text[],
    sources text[],
    photo text,
    native_names jsonb,
    draft boolean,
    publish_on timestamptz,
    expires_on timestamptz,
    extra jsonb,
    body text NOT NULL DEFAULT '',
    PRIMARY KEY (company, slug)
);

CREATE TABLE lifthill.parks (
    slug lifthill.slug PRIMARY KEY,
    name text NOT NULL CHECK (btrim(name) <> ''),
    description text,
    type text,
    status text,
    opened lifthill.partial_date,
    closed lifthill.partial_date,
    operator lifthill.slug REFERENCES lifthill.companies ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    owner lifthill.slug REFERENCES lifthill.companies ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    country text,
    region text,
    city text,
    street text,
    postal_code text,
    latitude double precision CHECK (latitude BETWEEN -90 AND 90),
    longitude double precision CHECK (longitude BETWEEN -180 AND 180),
    timezone text,
    website text,
    size_ha lifthill.amount,
    season text,
    travelling boolean,
    updated lifthill.partial_date,
    former_names text[],
    sources text[],
    photo text,
    native_names jsonb,
    draft boolean,
    publish_on timestamptz,
    expires_on timestamptz,
    extra jsonb,
    body text NOT NULL DEFAULT '',
    CHECK ((latitude IS NULL) = (longitude IS NULL))
);
CREATE INDEX parks_place ON lifthill.parks (country, status);
CREATE INDEX parks_operator ON lifthill.parks (operator);
CREATE INDEX parks_owner ON lifthill.parks (owner);

CREATE TABLE lifthill.areas (
    park lifthill.slug NOT NULL REFERENCES lifthill.parks ON UPDATE CASCADE ON DELETE CASCADE
        DEFERRABLE INITIALLY DEFERRED,
    slug lifthill.slug NOT NULL,
    position integer NOT NULL,
    name text NOT NULL CHECK (btrim(name) <> ''),
    description text,
    opened lifthill.partial_date,
    closed lifthill.partial_date,
    PRIMARY KEY (park, slug)
);

CREATE TABLE lifthill.rides (
    park lifthill.slug NOT NULL REFERENCES lifthill.parks ON UPDATE CASCADE ON DELETE CASCADE
        DEFERRABLE INITIALLY DEFERRED,
    slug lifthill.slug NOT NULL,
    name text NOT NULL CHECK (btrim(name) <> ''),
    description text,
    category text NOT NULL,
    kinds text[],
    area text,
    status text,
    opened lifthill.partial_date,
    closed lifthill.partial_date,
    manufacturers text[],
    designers text[],
    model text REFERENCES lifthill.models (key) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    track text,
    launch text[],
    height_m lifthill.amount,
    drop_m lifthill.amount,
    length_m lifthill.amount,
    speed_kmh lifthill.amount,
    inversions integer CHECK (inversions >= 0),
    max_angle_deg lifthill.amount,
    gforce lifthill.amount,
    duration_s integer CHECK (duration_s >= 0),
    capacity_per_hour integer CHECK (capacity_per_hour >= 0),
    acceleration text,
    layout text,
    restraint text,
    trains integer CHECK (trains >= 0),
    cars_per_train integer CHECK (cars_per_train >= 0),
    seats_per_car integer CHECK (seats_per_car >= 0),
    riders_per_train integer CHECK (riders_per_train >= 0),
    min_height_cm lifthill.amount,
    max_height_cm lifthill.amount,
    min_age integer CHECK (min_age >= 0),
    single_rider boolean,
    fast_pass boolean,
    indoor boolean,
    vr boolean,
    kiddie boolean,
    wheelchair_transfer boolean,
    water text,
    cost lifthill.amount,
    currency text,
    theme text,
    replaced text,
    replaced_by text,
    latitude double precision CHECK (latitude BETWEEN -90 AND 90),
    longitude double precision CHECK (longitude BETWEEN -180 AND 180),
    website text,
    video text,
    updated lifthill.partial_date,
    former_names text[],
    sources text[],
    photo text,
    native_names jsonb,
    draft boolean,
    publish_on timestamptz,
    expires_on timestamptz,
    extra jsonb,
    body text NOT NULL DEFAULT '',
    PRIMARY KEY (park, slug),
    CHECK ((latitude IS NULL) = (longitude IS NULL))
);
CREATE INDEX rides_slug ON lifthill.rides (slug);
CREATE INDEX rides_status ON lifthill.rides (status);
CREATE INDEX rides_model ON lifthill.rides (model);

CREATE TABLE lifthill.articles (
    slug lifthill.slug PRIMARY KEY,
    title text NOT NULL CHECK (btrim(title) <> ''),
    description text,
    date lifthill.partial_date NOT NULL,
    author text,
    tags text[],
    updated lifthill.partial_date,
    former_names text[],
    sources text[],
    photo text,
    native_names jsonb,
    draft boolean,
    publish_on timestamptz,
    expires_on timestamptz,
    extra jsonb,
    body text NOT NULL DEFAULT ''
);

CREATE TABLE lifthill.reviews (
    park lifthill.slug NOT NULL REFERENCES lifthill.parks ON UPDATE CASCADE ON DELETE CASCADE
        DEFERRABLE INITIALLY DEFERRED,
    ride lifthill.slug,
    id text NOT NULL DEFAULT gen_random_uuid(),
    author text NOT NULL CHECK (btrim(author) <> ''),
    rating numeric(4, 1) NOT NULL CHECK (rating >= 1 AND rating * 2 = trunc(rating * 2)),
    title text,
    text text,
    language text,
    visited lifthill.partial_date,
    created lifthill.partial_date NOT NULL DEFAULT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
    state text NOT NULL DEFAULT 'pending',
    PRIMARY KEY (park, id),
    FOREIGN KEY (park, ride) REFERENCES lifthill.rides ON UPDATE CASCADE ON DELETE CASCADE
        DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX reviews_target ON lifthill.reviews (park, ride);
CREATE INDEX reviews_state ON lifthill.reviews (state, created);

-- What is known of pictures; the pictures themselves are files in content/parks/<park>/photos/.
CREATE TABLE lifthill.photos (
    park lifthill.slug NOT NULL REFERENCES lifthill.parks ON UPDATE CASCADE ON DELETE CASCADE
        DEFERRABLE INITIALLY DEFERRED,
    position integer NOT NULL,
    file text NOT NULL CHECK (btrim(file) <> ''),
    ride text,
    area text,
    alt text,
    caption text,
    credit text,
    licence text,
    source text,
    taken lifthill.partial_date,
    "primary" boolean,
    approved boolean,
    PRIMARY KEY (park, position)
);

-- What happened to a record, named by the table that holds it and its key (a slug, or two joined by a slash).
CREATE TABLE lifthill.history (
    part text NOT NULL CHECK (part IN ('companies', 'models', 'parks', 'rides', 'articles')),
    key text NOT NULL,
    position integer NOT NULL,
    date lifthill.partial_date NOT NULL,
    type text,
    title text NOT NULL CHECK (btrim(title) <> ''),
    text text,
    PRIMARY KEY (part, key, position)
);

-- What leads to a record: a slug that it once had, or another path.
CREATE TABLE lifthill.redirects (
    part text NOT NULL CHECK (part IN ('companies', 'models', 'parks', 'rides', 'articles')),
    key text NOT NULL,
    position integer NOT NULL,
    former_slug lifthill.slug,
    alias text CHECK (alias LIKE '/%'),
    PRIMARY KEY (part, key, position),
    CHECK (num_nonnulls(former_slug, alias) = 1)
);

-- How a content file was laid out (order, comments, empty lines): everything before and after the body. An export
-- gives back the same file where it still says what the rows say, and writes it anew where not. Nothing else reads it.
CREATE TABLE lifthill.layouts (
    part text NOT NULL,
    key text NOT NULL,      -- the record's, or the park's for its lists
    path text NOT NULL,
    head text NOT NULL,
    tail text NOT NULL,
    PRIMARY KEY (part, key)
);
