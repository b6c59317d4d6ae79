-- What schools and people say about themselves, and how they want to be served.

-- A name of the time zone database, such as Europe/Berlin. Wanted in checks, hence immutable: names do not come and go.
create function is_time_zone(zone text) returns boolean language plpgsql immutable as $$
begin
  if zone <> 'UTC' and zone not like '%/%' then return false; end if;
  perform timestamptz 'epoch' at time zone zone;
  return true;
exception when invalid_parameter_value then
  return false;
end $$;

alter table schools
  add column address   text not null default '' check (length(address) <= 500),
  add column time_zone text not null default 'UTC' constraint schools_time_zone check (is_time_zone(time_zone));
create index schools_by_name on schools (name, id);

-- The sourcedId of a OneRoster import: who comes again in a later file is found by it.
alter table users add column sourced_id text check (length(sourced_id) between 1 and 255);
create unique index users_sourced_id on users (school_id, sourced_id) where sourced_id is not null;
create index users_by_name on users (school_id, name, id);

-- Both are made at the first change; until then everybody has the defaults.
create table profiles (
  user_id    uuid primary key references users on delete cascade,
  about      text not null default '' check (length(about) <= 2000),
  pronouns   text not null default '' check (length(pronouns) <= 40),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  revision   bigint not null default 1
);
create trigger profiles_touch before update on profiles for each row execute function touch();

create table preferences (
  user_id       uuid primary key references users on delete cascade,
  language      text not null default 'en' check (language in ('en', 'es', 'fr', 'de')),
  time_zone     text not null default 'UTC' constraint preferences_time_zone check (is_time_zone(time_zone)),
  theme         text not null default 'system' check (theme in ('system', 'light', 'dark')),
  text_size     text not null default 'normal' check (text_size in ('normal', 'large', 'larger')),
  high_contrast boolean not null default false,
  reduce_motion boolean not null default false,
  captions      boolean not null default false,
  digest        text not null default 'daily' check (digest in ('none', 'daily', 'weekly')),
  notices       boolean not null default true,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  revision      bigint not null default 1
);
create trigger preferences_touch before update on preferences for each row execute function touch();
