-- How people and machines prove who they are besides a password, and the mail that this needs.
-- Of tokens, codes and keys only digests are stored; secrets that are needed again are sealed (model/personal.lua).

alter table users add column email_verified_at timestamptz;

-- What was sent to an address to prove that somebody reads it. One of a kind per person: a new one replaces it.
create table mail_tokens (
  token_hash  bytea primary key,
  user_id     uuid not null references users on delete cascade,
  kind        text not null check (kind in ('verify_email', 'password_reset')),
  email_index bytea not null, -- of the address it went to
  expires_at  timestamptz not null,
  constraint mail_tokens_kind unique (user_id, kind)
);
create index mail_tokens_expired on mail_tokens (expires_at);

-- The outbox: what is here will be sent. A row is asked for by what it is about; the letter is written when it is sent,
-- so a password reset costs the same whether the account exists.
--   queued ──> sent | shown (development: kept to be read) | dropped (nobody to send it to) | failed
-- due_at moves on at each claim: a sender that dies gives the row back by doing nothing.
create table mails (
  id             uuid primary key,
  kind           text not null,
  data_sealed    bytea not null,
  state          text not null default 'queued' check (state in ('queued', 'sent', 'shown', 'dropped', 'failed')),
  attempts       integer not null default 0,
  due_at         timestamptz not null default now(),
  message_sealed bytea,
  error          text,
  created_at     timestamptz not null default now()
);
create index mails_due on mails (due_at) where state = 'queued';
create index mails_by_state on mails (state, id);

create function mail_queued() returns trigger language plpgsql as $$
begin
  perform pg_notify('mail', '');
  return null;
end $$;
create trigger mails_queued after insert on mails for each statement execute function mail_queued();

-- Failures to log in, by account and address, by account, and by address (digests). See model/lockout.lua.
create table login_failures (
  key           text primary key,
  failures      integer not null,
  last_at       timestamptz not null,
  blocked_until timestamptz not null
);
create index login_failures_old on login_failures (last_at);

-- Counts an attempt as a failure under every key, unless one of them is blocked: then it counts nothing and returns the
-- seconds to wait. Beyond its number of free failures each one blocks for twice as long as the one before, at most 15
-- minutes; an hour without an attempt forgets all. Keys in order, so that two callers never wait for each other.
create function login_attempt(keys text[], free integer[]) returns double precision language plpgsql as $$
declare
  wait double precision;
  k text;
  f integer;
begin
  select extract(epoch from max(blocked_until) - clock_timestamp()) into wait from login_failures
    where key = any(keys) and blocked_until > clock_timestamp();
  if wait > 0 then return wait; end if;
  for k, f in select * from unnest(keys, free) order by 1 loop
    insert into login_failures as l (key, failures, last_at, blocked_until)
      values (k, 1, clock_timestamp(), clock_timestamp())
    on conflict (key) do update set
      failures = case when l.last_at < clock_timestamp() - interval '1 hour' then 1 else l.failures + 1 end,
      last_at = clock_timestamp(),
      blocked_until = clock_timestamp() + case
        when l.last_at < clock_timestamp() - interval '1 hour' or l.failures < f then interval '0'
        else least(interval '15 minutes', interval '1 second' * 2 ^ least(l.failures - f, 20)) end;
  end loop;
  return 0;
end $$;

create table second_factors (
  user_id       uuid primary key references users on delete cascade,
  secret_sealed bytea not null,
  confirmed_at  timestamptz,
  last_step     bigint not null default 0, -- a code is good once (RFC 6238 §5.2)
  created_at    timestamptz not null default now()
);

create table recovery_codes (
  user_id   uuid not null references second_factors on delete cascade,
  code_hash bytea not null,
  primary key (user_id, code_hash)
);

-- Between password and second factor.
create table login_challenges (
  token_hash bytea primary key,
  user_id    uuid not null references users on delete cascade,
  kind       text not null check (kind in ('code', 'enrol')),
  attempts   integer not null default 0,
  expires_at timestamptz not null
);
create index login_challenges_expired on login_challenges (expires_at);
create index login_challenges_by_user on login_challenges (user_id);

-- Machines act for the person who made their key, within its scopes.
create table api_keys (
  id           uuid primary key,
  user_id      uuid not null references users on delete cascade,
  name         text not null check (length(name) between 1 and 100),
  prefix       text not null,
  key_hash     bytea not null unique,
  scopes       text[] not null check (cardinality(scopes) between 1 and 50),
  created_at   timestamptz not null default now(),
  last_used_at timestamptz,
  expires_at   timestamptz
);
create index api_keys_by_user on api_keys (user_id, id);

-- Keys that sign tokens. The newest active one signs; all of them verify until they have expired.
create table signing_keys (
  kid        text primary key,
  alg        text not null check (alg in ('HS256', 'RS256', 'ES256')),
  key_sealed bytea not null, -- secret, or private key as PEM
  public     jsonb,          -- JSON Web Key; null: none can be shown
  created_at timestamptz not null default now(),
  active_at  timestamptz not null,
  expires_at timestamptz
);
create function signing_keys_changed() returns trigger language plpgsql as $$
begin
  perform pg_notify('signing_keys', '');
  return null;
end $$;
create trigger signing_keys_changed after insert or update or delete on signing_keys
  for each statement execute function signing_keys_changed();

-- Passwords known from breaches: SHA-1 by its first 20 bits, and of all with the same ones the next 64 bits, sorted.
create table breached_passwords (
  prefix integer primary key,
  hashes bytea not null
);

-- Who somebody is to an OpenID provider.
create table identities (
  provider   text not null,
  subject    text not null check (length(subject) between 1 and 255),
  user_id    uuid not null references users on delete cascade,
  created_at timestamptz not null default now(),
  primary key (provider, subject),
  constraint identities_user unique (user_id, provider)
);

-- Log-ins that are on their way to a provider and back.
create table oidc_logins (
  state_hash  bytea primary key,
  provider    text not null,
  nonce       text not null,
  verifier    text not null,
  redirect    text not null,
  user_id     uuid references users on delete cascade, -- whom to link; null: log in
  expires_at  timestamptz not null
);
create index oidc_logins_expired on oidc_logins (expires_at);
create index oidc_logins_by_user on oidc_logins (user_id);
