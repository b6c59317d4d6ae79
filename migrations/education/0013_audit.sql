-- The audit log: who changed which grade, role, consent, key or personal record. Written once, never changed: each entry
-- holds the digest of the one before, so that a changed, lost or inserted entry breaks the chain (model/audit.lua).
-- Entries hold ids and digests. Personal values lie sealed under a key of the person's own; erasing the person destroys
-- the key, and the chain stays whole.

-- One chain per school. The nil UUID is the chain of what belongs to no school.
create table audit_chains (
  chain      uuid primary key,
  sequence   bigint not null default 0,
  head       bytea not null default sha256('') -- digest of the last entry
);

create table audit_entries (
  chain           uuid not null references audit_chains,
  sequence        bigint not null check (sequence > 0),
  recorded_at     timestamptz not null,
  actor_id        uuid, -- null: the system itself. Ids are no references: an entry outlives what it is about
  action          text not null check (length(action) between 1 and 100),
  subject_kind    text not null check (length(subject_kind) between 1 and 50),
  subject_id      uuid not null,
  detail          jsonb not null,
  person_id       uuid, -- whose key the personal values are sealed under
  personal_sealed bytea,
  previous        bytea not null,
  digest          bytea not null,
  primary key (chain, sequence),
  check ((person_id is null) = (personal_sealed is null))
);
create index audit_entries_by_subject on audit_entries (chain, subject_id, sequence);
create index audit_entries_by_actor on audit_entries (chain, actor_id, sequence);
create index audit_entries_by_action on audit_entries (chain, action, sequence);

create table person_keys (
  person_id    uuid primary key,
  key_sealed   bytea, -- null: destroyed
  created_at   timestamptz not null default now(),
  destroyed_at timestamptz,
  check ((key_sealed is null) = (destroyed_at is not null))
);

create function audit_refuse() returns trigger language plpgsql as $$
begin
  raise exception 'the audit log is only ever added to' using errcode = 'integrity_constraint_violation';
end $$;
create trigger audit_entries_fixed before update or delete on audit_entries
  for each row execute function audit_refuse();
create trigger audit_entries_kept before truncate on audit_entries for each statement execute function audit_refuse();
create trigger audit_chains_kept before delete on audit_chains for each row execute function audit_refuse();
create trigger audit_chains_forward before update on audit_chains
  for each row when (new.chain <> old.chain or new.sequence <> old.sequence + 1) execute function audit_refuse();

-- What a digest is made of: each part with its length before it, so that no two entries read the same.
create function audit_part(part bytea) returns bytea language sql immutable as $$
  select case when part is null then '-'::bytea else convert_to(length(part) || ':', 'UTF8') || part end
$$;

-- Adds an entry. The head's row is locked until the transaction ends: entries of a chain are made one after the other,
-- and one that is rolled back leaves no gap. Call it last in a transaction.
create function audit_append(in_chain uuid, actor uuid, what text, kind text, subject uuid, more jsonb, person uuid,
    personal bytea) returns bigint language plpgsql as $$
declare
  head_was bytea;
  number bigint;
  now_at timestamptz := clock_timestamp();
  sum bytea;
begin
  insert into audit_chains (chain) values (in_chain) on conflict do nothing;
  select c.head, c.sequence + 1 into head_was, number from audit_chains c where c.chain = in_chain for update;
  sum := sha256(audit_part(head_was) || audit_part(convert_to(in_chain::text, 'UTF8'))
    || audit_part(convert_to(number::text, 'UTF8'))
    || audit_part(convert_to(to_char(now_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'UTF8'))
    || audit_part(convert_to(actor::text, 'UTF8')) || audit_part(convert_to(what, 'UTF8'))
    || audit_part(convert_to(kind, 'UTF8')) || audit_part(convert_to(subject::text, 'UTF8'))
    || audit_part(convert_to(more::text, 'UTF8')) || audit_part(convert_to(person::text, 'UTF8'))
    || audit_part(personal));
  insert into audit_entries (chain, sequence, recorded_at, actor_id, action, subject_kind, subject_id, detail,
      person_id, personal_sealed, previous, digest)
    values (in_chain, number, now_at, actor, what, kind, subject, more, person, personal, head_was, sum);
  update audit_chains c set sequence = number, head = sum where c.chain = in_chain;
  return number;
end $$;
