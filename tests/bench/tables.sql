-- The tables of the database workloads.
CREATE TABLE world (id integer PRIMARY KEY, randomnumber integer NOT NULL);
INSERT INTO world SELECT i, (i::bigint * 7919) % 10000 + 1 FROM generate_series(1, 10000) AS i;
CREATE TABLE fortune (id integer PRIMARY KEY, message text NOT NULL);
INSERT INTO fortune VALUES
  (1, 'A lesson learnt twice is learnt.'),
  (2, 'Every deadline was once far away.'),
  (3, 'Measure first.'),
  (4, 'Nobody reads & everybody signs.'),
  (5, 'The test that never failed tests nothing.'),
  (6, 'It works on one machine.'),
  (7, 'A cache is a bet.'),
  (8, 'Small files make short nights.'),
  (9, 'What is not written down was not decided.'),
  (10, 'Retry, but not for ever.'),
  (11, '<script>alert("escaped");</script>'),
  (12, 'フレームワークのベンチマーク');
VACUUM ANALYZE;
