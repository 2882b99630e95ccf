-- Fills the tables that `lifthill db migrate` makes with a catalogue of any size: `psql -v rides=100000 -f benches/rides.sql`.
-- Fifty rides a park, two approved reviews a ride, a thousand companies; the same number gives the same rows.
\set ON_ERROR_STOP on
BEGIN;
SET LOCAL session_replication_role = replica;
INSERT INTO lifthill.companies (slug, name, roles, country, founded, body)
SELECT 'company-' || n, 'Company ' || n, '{manufacturer}', 'NL', (1900 + n % 100)::text, repeat('Makers of rides since long. ', 10)
FROM generate_series(0, 999) AS n;
INSERT INTO lifthill.parks (slug, name, country, status, opened, operator, latitude, longitude, description, body)
SELECT 'park-' || n, 'Park ' || n, (ARRAY['NL', 'DE', 'FR', 'US', 'JP', 'GB', 'DK'])[n % 7 + 1], 'operating', (1920 + n % 100)::text,
    'company-' || n % 1000, n % 60, n % 170, 'The park of number ' || n, repeat('A park with trees, water and *rides*. ', 20)
FROM generate_series(0, :rides / 50 - 1) AS n;
INSERT INTO lifthill.rides (park, slug, name, category, status, opened, manufacturers, height_m, speed_kmh, length_m, inversions,
    description, body)
SELECT 'park-' || n / 50, 'ride-' || n, 'Ride ' || n,
    (ARRAY['roller_coaster', 'dark_ride', 'water_ride', 'flat_ride'])[n % 4 + 1], 'operating', (1950 + n % 75)::text,
    ARRAY['company-' || n % 1000], 10 + n % 90, 20 + n % 150, 100 + n % 2000, n % 8, 'The ride of number ' || n,
    repeat('It climbs, it falls, it turns; see [the park](park:park-' || n / 50 || '). ', 10)
FROM generate_series(0, :rides - 1) AS n;
INSERT INTO lifthill.reviews (park, ride, id, author, rating, title, text, created, state)
SELECT 'park-' || n / 100, 'ride-' || n / 2, 'review-' || n, 'Author ' || n % 977, 1 + n % 10, 'Ride ' || n / 2,
    repeat('We were there and it was good. ', 3), '2024-' || lpad((1 + n % 12)::text, 2, '0') || '-' || lpad((1 + n % 28)::text, 2, '0'), 'approved'
FROM generate_series(0, 2 * :rides - 1) AS n;
COMMIT;
ANALYZE;
