-- What lessons teach and build on, their approved versions; prompts that teachers keep; uploaded files.

-- The texts are those of lessons.objectives, in their order; this adds what curricula say of them.
create table lesson_objectives (
  lesson_id uuid not null references lessons on delete cascade,
  text      text not null,
  position  integer not null,
  bloom     text check (bloom in ('remember', 'understand', 'apply', 'analyze', 'evaluate', 'create')),
  standard  text check (length(standard) between 1 and 100),
  primary key (lesson_id, text)
);
create index lesson_objectives_by_position on lesson_objectives (lesson_id, position);
create index lesson_objectives_by_standard on lesson_objectives (standard) where standard is not null;

-- Whoever changes the texts: those that stay keep their level and standard.
create function lesson_objectives_follow() returns trigger language plpgsql as $$
begin
  delete from lesson_objectives o where o.lesson_id = new.id and not new.objectives ? o.text;
  insert into lesson_objectives (lesson_id, text, position)
    select new.id, t.text, min(t.position) from jsonb_array_elements_text(new.objectives)
      with ordinality as t (text, position) group by t.text
    on conflict (lesson_id, text) do update set position = excluded.position;
  return null;
end $$;
create trigger lessons_objectives_made after insert on lessons
  for each row execute function lesson_objectives_follow();
create trigger lessons_objectives_changed after update of objectives on lessons
  for each row when (old.objectives is distinct from new.objectives) execute function lesson_objectives_follow();
insert into lesson_objectives (lesson_id, text, position)
  select l.id, t.text, min(t.position) from lessons l, jsonb_array_elements_text(l.objectives)
    with ordinality as t (text, position) group by l.id, t.text;

create table lesson_prerequisites (
  lesson_id   uuid not null references lessons on delete cascade,
  requires_id uuid not null references lessons on delete cascade,
  primary key (lesson_id, requires_id),
  check (lesson_id <> requires_id)
);
create index lesson_prerequisites_by_required on lesson_prerequisites (requires_id);

-- What was approved stays readable: each approval keeps the lesson as it was then.
create table lesson_versions (
  lesson_id   uuid not null references lessons on delete cascade,
  number      integer not null check (number >= 1),
  title       text not null,
  content     jsonb not null,
  approved_by uuid references users on delete set null,
  approved_at timestamptz not null,
  primary key (lesson_id, number)
);

create function lesson_version_keep() returns trigger language plpgsql as $$
begin
  insert into lesson_versions (lesson_id, number, title, content, approved_by, approved_at)
    select new.id, coalesce(max(v.number), 0) + 1, new.title, jsonb_build_object(
      'title', new.title, 'summary', new.summary, 'sections', new.sections, 'glossary', new.glossary,
      'objectives', (select coalesce(jsonb_agg(jsonb_build_object('text', o.text, 'bloom', o.bloom,
        'standard', o.standard) order by o.position), '[]') from lesson_objectives o where o.lesson_id = new.id)),
      new.approved_by, new.approved_at
    from lesson_versions v where v.lesson_id = new.id;
  return null;
end $$;
create trigger lessons_version_kept after update of state on lessons
  for each row when (old.state = 'review' and new.state = 'approved') execute function lesson_version_keep();

create table prompt_templates (
  id         uuid primary key,
  owner_id   uuid not null references users on delete cascade,
  school_id  uuid references schools,
  shared     boolean not null default false,
  title      text not null check (length(title) between 1 and 200),
  body       text not null check (length(body) between 1 and 10000),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  revision   bigint not null default 1
);
create index prompt_templates_by_owner on prompt_templates (owner_id, id);
create index prompt_templates_shared on prompt_templates (school_id, id) where shared;
create trigger prompt_templates_touch before update on prompt_templates for each row execute function touch();

-- The row is there before its file and goes after it, so a file without a row cannot be.
--
--   uploading ──complete──> ready ──delete, or its owner is erased──> deleted ──the file is removed──> (no row)
--       └───────────────────── not completed within an hour ────────────^
create table media (
  id         uuid primary key,
  owner_id   uuid references users on delete set null,
  school_id  uuid references schools,
  state      text not null default 'uploading' check (state in ('uploading', 'ready', 'deleted')),
  shared     boolean not null default false,
  name       text not null check (length(name) between 1 and 200),
  type       text not null default '',
  octets     bigint not null default 0,
  digest     text not null default '',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  revision   bigint not null default 1,
  check (state <> 'ready' or (octets > 0 and type <> '' and digest <> ''))
);
create index media_by_owner on media (owner_id, id);
create index media_shared on media (school_id, id) where shared;
create index media_to_remove on media (created_at) where state <> 'ready';
create trigger media_touch before update on media for each row execute function touch();

create function media_orphaned() returns trigger language plpgsql as $$
begin
  new.state := 'deleted';
  return new;
end $$;
create trigger media_owner_erased before update of owner_id on media
  for each row when (new.owner_id is null) execute function media_orphaned();
