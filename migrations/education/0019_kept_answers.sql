-- An answer is kept in the transaction of what it tells of, so there are no keys without one: it is sealed as a whole.
-- What was kept before is forgotten: nobody repeats a request across an upgrade.

delete from idempotency_keys;
alter table idempotency_keys drop column status, drop column headers, drop column body_sealed, drop column locked_until;
alter table idempotency_keys add column answer_sealed bytea not null;
