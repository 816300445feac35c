-- name: record
-- Who did what, in the transaction that does it.
INSERT INTO audit_log (who, city, what, target, before, after)
VALUES (%(who)s, %(city)s, %(what)s, %(target)s, %(before)s, %(after)s)
