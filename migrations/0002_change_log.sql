-- The change log: which units (a record, or a park's areas or photos, or a target's reviews) may say something new.
-- A reader remembers the snapshot that it last saw and takes the entries of transactions that were not in it: the
-- order in which transactions commit does not matter, and none is lost.

CREATE TABLE lifthill.change_log (
    seq bigint GENERATED ALWAYS AS IDENTITY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    part text NOT NULL,
    key text,               -- NULL: anything in the part
    op "char" NOT NULL      -- I, U, D, T
);
CREATE INDEX change_log_xid ON lifthill.change_log (xid);

-- Which log this is, and up to where it was pruned: a reader whose snapshot is older compares everything.
CREATE TABLE lifthill.log_state (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    epoch uuid NOT NULL DEFAULT gen_random_uuid(),
    pruned xid8 NOT NULL DEFAULT '0'
);
INSERT INTO lifthill.log_state DEFAULT VALUES;

-- Who reads the log: entries that the oldest of them has not seen are kept.
CREATE TABLE lifthill.readers (
    name text PRIMARY KEY,
    oldest xid8 NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now()
);

-- Logs a row's unit before and after. Arguments: the part (empty: the row's own column), then the columns that make
-- the key; those that are null are left out.
CREATE FUNCTION lifthill.log_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old_row jsonb;
    new_row jsonb;
    old_key text;
    new_key text;
    part text := TG_ARGV[0];
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        IF part = '' THEN
            INSERT INTO lifthill.change_log (part, op)
            SELECT one, 'T' FROM unnest(ARRAY['companies', 'models', 'parks', 'rides', 'articles']) AS one;
        ELSE
            INSERT INTO lifthill.change_log (part, op) VALUES (part, 'T');
        END IF;
        PERFORM pg_notify('lifthill', '');
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        old_row := to_jsonb(OLD);
        SELECT string_agg(old_row ->> TG_ARGV[n], '/' ORDER BY n) INTO old_key FROM generate_series(1, TG_NARGS - 1) AS n;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        new_row := to_jsonb(NEW);
        SELECT string_agg(new_row ->> TG_ARGV[n], '/' ORDER BY n) INTO new_key FROM generate_series(1, TG_NARGS - 1) AS n;
    END IF;
    IF old_key IS NOT NULL AND (TG_OP = 'DELETE' OR old_key IS DISTINCT FROM new_key
            OR (part = '' AND old_row ->> 'part' <> new_row ->> 'part')) THEN
        INSERT INTO lifthill.change_log (part, key, op)
        VALUES (coalesce(nullif(part, ''), old_row ->> 'part'), old_key, left(TG_OP, 1)::"char");
    END IF;
    IF new_key IS NOT NULL THEN
        INSERT INTO lifthill.change_log (part, key, op)
        VALUES (coalesce(nullif(part, ''), new_row ->> 'part'), new_key, left(TG_OP, 1)::"char");
    END IF;
    PERFORM pg_notify('lifthill', '');
    RETURN NULL;
END
$$;

-- History and redirects follow their record when its key changes, and go with it.
CREATE FUNCTION lifthill.follow_key() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old_row jsonb := to_jsonb(OLD);
    new_row jsonb;
    old_key text := concat_ws('/', coalesce(old_row ->> 'park', old_row ->> 'company'), old_row ->> 'slug');
    new_key text;
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM lifthill.history WHERE part = TG_TABLE_NAME AND key = old_key;
        DELETE FROM lifthill.redirects WHERE part = TG_TABLE_NAME AND key = old_key;
    ELSE
        new_row := to_jsonb(NEW);
        new_key := concat_ws('/', coalesce(new_row ->> 'park', new_row ->> 'company'), new_row ->> 'slug');
        IF old_key <> new_key THEN
            UPDATE lifthill.history SET key = new_key WHERE part = TG_TABLE_NAME AND key = old_key;
            UPDATE lifthill.redirects SET key = new_key WHERE part = TG_TABLE_NAME AND key = old_key;
        END IF;
    END IF;
    RETURN NULL;
END
$$;

DO $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT * FROM (VALUES
            ('companies', 'companies', ARRAY['slug']),
            ('models', 'models', ARRAY['company', 'slug']),
            ('parks', 'parks', ARRAY['slug']),
            ('areas', 'areas', ARRAY['park']),
            ('rides', 'rides', ARRAY['park', 'slug']),
            ('articles', 'articles', ARRAY['slug']),
            ('reviews', 'reviews', ARRAY['park', 'ride']),
            ('photos', 'photos', ARRAY['park']),
            ('history', '', ARRAY['key']),
            ('redirects', '', ARRAY['key'])
        ) AS logged (name, part, columns)
    LOOP
        EXECUTE format('CREATE TRIGGER lifthill_log_new AFTER INSERT OR DELETE ON lifthill.%I FOR EACH ROW '
            'EXECUTE FUNCTION lifthill.log_change(%L, %s)', one.name, one.part,
            (SELECT string_agg(quote_literal(name), ', ') FROM unnest(one.columns) AS name));
        EXECUTE format('CREATE TRIGGER lifthill_log_update AFTER UPDATE ON lifthill.%I FOR EACH ROW '
            'WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION lifthill.log_change(%L, %s)', one.name, one.part,
            (SELECT string_agg(quote_literal(name), ', ') FROM unnest(one.columns) AS name));
        EXECUTE format('CREATE TRIGGER lifthill_log_truncate AFTER TRUNCATE ON lifthill.%I FOR EACH STATEMENT '
            'EXECUTE FUNCTION lifthill.log_change(%L)', one.name, one.part);
    END LOOP;
    FOR one IN SELECT unnest(ARRAY['companies', 'models', 'parks', 'rides', 'articles']) AS name LOOP
        EXECUTE format('CREATE TRIGGER lifthill_follow AFTER UPDATE OR DELETE ON lifthill.%I FOR EACH ROW '
            'EXECUTE FUNCTION lifthill.follow_key()', one.name);
    END LOOP;
END
$$;

-- Logs that a table of somebody else's has changed. Argument: its name with its schema.
CREATE FUNCTION lifthill.log_table() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO lifthill.change_log (part, op) VALUES ('table ' || TG_ARGV[0], left(TG_OP, 1)::"char");
    PERFORM pg_notify('lifthill', '');
    RETURN NULL;
END
$$;
