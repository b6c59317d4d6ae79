-- Gizmos: what one is, and whose.

create table gadgets (
  id          uuid primary key,
  owner_id    uuid not null references users on delete cascade,
  title       text not null check (length(title) between 1 and 200),
  description text not null default '' check (length(description) <= 2000),
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  revision    bigint not null default 1
);
create index gadgets_by_owner on gadgets (owner_id, id);
create trigger gadgets_touch before update on gadgets for each row execute function touch();
