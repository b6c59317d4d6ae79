-- Answers kept for Idempotency-Key may hold what is shown once, such as an API key: they lie sealed. Those that were
-- kept before cannot be sealed here, and are forgotten.
delete from idempotency_keys where status is not null;
alter table idempotency_keys drop column body;
alter table idempotency_keys add column body_sealed bytea;
