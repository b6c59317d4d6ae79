-- What people and their guardians have agreed to, and children whose accounts wait for that.

-- What can be consented to. A new text is a new version; what was given stands for the version it was given for.
create table consent_texts (
  kind    text not null check (kind ~ '^[a-z_]+$'),
  version integer not null check (version > 0),
  text    text not null,
  primary key (kind, version)
);

insert into consent_texts (kind, version, text) values
  ('account', 1, 'My child may have an account. The platform keeps the name, login and date of birth, and what the child'
    ' does in its classes, for teaching only. I may see and delete it at any time.'),
  ('school', 1, 'The school has the guardians'' authority to make this account for teaching, and for nothing else.'),
  ('media', 1, 'Pictures and recordings of me or my child may be uploaded, to be seen in the own classes.'),
  ('research', 1, 'Results without names may be used to find out how teaching can get better.'),
  ('letters', 1, 'News about the platform may be mailed to me.');

create table consents (
  id           uuid primary key,
  person_id    uuid not null,
  kind         text not null,
  version      integer not null,
  given_by     uuid,  -- null: a guardian without an account, known by the address that the letter went to
  contact_sealed bytea,
  given_at     timestamptz not null default now(),
  withdrawn_at timestamptz,
  withdrawn_by uuid,
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  revision     bigint not null default 1,
  foreign key (kind, version) references consent_texts,
  foreign key (person_id) references users on delete cascade
);
create index consents_by_person on consents (person_id, id);
create unique index consents_standing on consents (person_id, kind) where withdrawn_at is null;
create trigger consents_touch before update on consents for each row execute function touch();

-- Children under 13 who have asked for an account. Nothing about them is kept but what the guardian is asked with, sealed
-- as one; it becomes an account when the guardian consents, and is forgotten when not.
create table held_sign_ups (
  id            uuid primary key,
  token_hash    bytea not null unique,
  person_sealed bytea not null,
  expires_at    timestamptz not null
);
create index held_sign_ups_expired on held_sign_ups (expires_at);
