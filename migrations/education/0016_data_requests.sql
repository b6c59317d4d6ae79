-- What people, or guardians for them, ask for about their data: all of it in an archive, or that it be erased.
-- queued ──> done | failed. The work is a workflow's.

create table data_requests (
  id             uuid primary key,
  person_id      uuid not null references users on delete cascade,
  kind           text not null check (kind in ('export', 'erasure')),
  requested_by   uuid not null,
  state          text not null default 'queued' check (state in ('queued', 'done', 'failed')),
  archive_sealed bytea, -- under the person's key, for a week
  finished_at    timestamptz,
  expires_at     timestamptz,
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now(),
  revision       bigint not null default 1
);
create index data_requests_by_person on data_requests (person_id, id);
create unique index data_requests_open on data_requests (person_id, kind) where state = 'queued';
create index data_requests_expired on data_requests (expires_at) where archive_sealed is not null;
create trigger data_requests_touch before update on data_requests for each row execute function touch();

-- An erased person: the row stays for the grades that a school must keep, without anything that tells who it was.
alter table users add column erased_at timestamptz;
