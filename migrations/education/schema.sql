-- What the migrations of this folder make, for readers; `toolboxd migrate up` writes it.

CREATE FUNCTION public.access_lost() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform pg_notify('access_lost', old.parent_id::text);
  return null;
end $$;

CREATE FUNCTION public.api_key_ended() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform pg_notify('session_end', old.id::text);
  return null;
end $$;

CREATE FUNCTION public.append_event(topic text, kind text, data jsonb) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
declare new_id bigint;
begin
  perform pg_advisory_xact_lock(hashtext('events'), 0);
  insert into events (topic, kind, data) values (append_event.topic, append_event.kind, append_event.data)
    returning id into new_id;
  perform pg_notify('events', new_id::text);
  return new_id;
end $$;

CREATE FUNCTION public.attachment_ended() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  update media set updated_at = now() where id = old.media_id;
  return null;
end $$;

CREATE FUNCTION public.audit_append(in_chain uuid, actor uuid, what text, kind text, subject uuid, more jsonb, person uuid, personal bytea) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.audit_part(part bytea) RETURNS bytea
    LANGUAGE sql IMMUTABLE
    AS $$
  select case when part is null then '-'::bytea else convert_to(length(part) || ':', 'UTF8') || part end
$$;

CREATE FUNCTION public.audit_refuse() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  raise exception 'the audit log is only ever added to' using errcode = 'integrity_constraint_violation';
end $$;

CREATE FUNCTION public.data_request_stopped() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  update data_requests set state = 'failed', finished_at = now(), problem = case new.state
      when 'cancelled' then 'it was cancelled' when 'failed' then coalesce(new.error ->> 'message', 'it failed')
      else 'it met a mistake of the software; the log tells more of run ' || new.id end
    where id = (new.input ->> 'request_id')::uuid and state = 'queued';
  return null;
end $$;

CREATE FUNCTION public.is_time_zone(zone text) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE
    AS $$
begin
  if zone <> 'UTC' and zone not like '%/%' then return false; end if;
  perform timestamptz 'epoch' at time zone zone;
  return true;
exception when invalid_parameter_value then
  return false;
end $$;

CREATE FUNCTION public.keepers_of_row() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  case tg_table_name
  when 'submissions' then
    select g.teacher_id, g.school_id into new.teacher_id, new.school_id from assignments g
      where g.id = new.assignment_id;
  when 'quiz_attempts' then
    select z.teacher_id, z.school_id into new.teacher_id, new.school_id from quizzes z where z.id = new.quiz_id;
  else
    select c.teacher_id, c.school_id into new.teacher_id, new.school_id from classes c where c.id = new.class_id;
  end case;
  return new;
end $$;

CREATE FUNCTION public.keys_of_suspended() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform pg_notify('session_end', k.id::text) from api_keys k where k.user_id = new.id;
  return null;
end $$;

CREATE FUNCTION public.lesson_objectives_follow() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  delete from lesson_objectives o where o.lesson_id = new.id and not new.objectives ? o.text;
  insert into lesson_objectives (lesson_id, text, position)
    select new.id, t.text, min(t.position) from jsonb_array_elements_text(new.objectives)
      with ordinality as t (text, position) group by t.text
    on conflict (lesson_id, text) do update set position = excluded.position;
  return null;
end $$;

CREATE FUNCTION public.lesson_version_keep() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.login_attempt(keys text[], free integer[]) RETURNS double precision
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.mail_queued() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform pg_notify('mail', '');
  return null;
end $$;

CREATE FUNCTION public.media_orphaned() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  new.state := 'deleted';
  return new;
end $$;

CREATE FUNCTION public.permissions_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform pg_notify('permissions', '');
  return null;
end $$;

CREATE FUNCTION public.run_cancel_asked() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform pg_notify('workflow_cancel', new.id::text);
  return null;
end $$;

CREATE FUNCTION public.run_queued() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform pg_notify('workflow_queued', new.workflow);
  return null;
end $$;

CREATE FUNCTION public.school_of_person() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  select u.school_id into new.school_id from users u where u.id = new.person_id;
  return new;
end $$;

CREATE FUNCTION public.session_ended() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform pg_notify('session_end', new.id::text);
  return null;
end $$;

CREATE FUNCTION public.signing_keys_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform pg_notify('signing_keys', '');
  return null;
end $$;

CREATE FUNCTION public.touch() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  new.updated_at := now();
  new.revision := old.revision + 1;
  return new;
end $$;

CREATE FUNCTION public.withhold_from_serving(role name) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  execute format('revoke insert, update, delete, truncate on audit_entries, audit_chains, permissions, role_permissions,'
    ' consent_texts from %I', role);
end $$;

CREATE TABLE public.api_keys (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    prefix text NOT NULL,
    key_hash bytea NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used_at timestamp with time zone,
    expires_at timestamp with time zone,
    CONSTRAINT api_keys_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT api_keys_scopes_check CHECK (((cardinality(scopes) >= 1) AND (cardinality(scopes) <= 50)))
);

CREATE TABLE public.assignments (
    id uuid NOT NULL,
    class_id uuid NOT NULL,
    teacher_id uuid NOT NULL,
    school_id uuid,
    category_id uuid,
    lesson_id uuid,
    quiz_id uuid,
    title text NOT NULL,
    instructions text DEFAULT ''::text NOT NULL,
    points integer DEFAULT 100 NOT NULL,
    opens_at timestamp with time zone DEFAULT now() NOT NULL,
    due_at timestamp with time zone,
    closes_at timestamp with time zone,
    late_penalty integer DEFAULT 0 NOT NULL,
    max_attempts integer,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    CONSTRAINT assignments_closes CHECK ((closes_at >= COALESCE(due_at, opens_at))),
    CONSTRAINT assignments_due CHECK ((due_at > opens_at)),
    CONSTRAINT assignments_instructions_check CHECK ((length(instructions) <= 10000)),
    CONSTRAINT assignments_late_penalty_check CHECK (((late_penalty >= 0) AND (late_penalty <= 100))),
    CONSTRAINT assignments_max_attempts_check CHECK (((max_attempts >= 1) AND (max_attempts <= 100))),
    CONSTRAINT assignments_points_check CHECK (((points >= 1) AND (points <= 1000))),
    CONSTRAINT assignments_title_check CHECK (((length(title) >= 1) AND (length(title) <= 200))),
    CONSTRAINT assignments_work CHECK (((lesson_id IS NULL) OR (quiz_id IS NULL)))
);

CREATE TABLE public.attachments (
    media_id uuid NOT NULL,
    lesson_id uuid,
    class_id uuid,
    assignment_id uuid,
    submission_id uuid,
    attached_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT attachments_check CHECK ((num_nonnulls(lesson_id, class_id, assignment_id, submission_id) = 1))
);

CREATE TABLE public.attendance (
    meeting_id uuid NOT NULL,
    on_date date NOT NULL,
    student_id uuid NOT NULL,
    class_id uuid NOT NULL,
    state text NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    marked_by uuid NOT NULL,
    marked_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT attendance_note_check CHECK ((length(note) <= 500)),
    CONSTRAINT attendance_state_check CHECK ((state = ANY (ARRAY['present'::text, 'late'::text, 'absent'::text, 'excused'::text])))
);

CREATE TABLE public.audit_chains (
    chain uuid NOT NULL,
    sequence bigint DEFAULT 0 NOT NULL,
    head bytea DEFAULT sha256('\x'::bytea) NOT NULL
);

CREATE TABLE public.audit_entries (
    chain uuid NOT NULL,
    sequence bigint NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    actor_id uuid,
    action text NOT NULL,
    subject_kind text NOT NULL,
    subject_id uuid NOT NULL,
    detail jsonb NOT NULL,
    person_id uuid,
    personal_sealed bytea,
    previous bytea NOT NULL,
    digest bytea NOT NULL,
    CONSTRAINT audit_entries_action_check CHECK (((length(action) >= 1) AND (length(action) <= 100))),
    CONSTRAINT audit_entries_check CHECK (((person_id IS NULL) = (personal_sealed IS NULL))),
    CONSTRAINT audit_entries_sequence_check CHECK ((sequence > 0)),
    CONSTRAINT audit_entries_subject_kind_check CHECK (((length(subject_kind) >= 1) AND (length(subject_kind) <= 50)))
);

CREATE TABLE public.breached_passwords (
    prefix integer NOT NULL,
    hashes bytea NOT NULL
);

CREATE TABLE public.class_courses (
    class_id uuid NOT NULL,
    course_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.classes (
    id uuid NOT NULL,
    school_id uuid,
    teacher_id uuid NOT NULL,
    name text NOT NULL,
    subject text NOT NULL,
    grade integer NOT NULL,
    join_code text NOT NULL,
    archived_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    CONSTRAINT classes_grade_check CHECK (((grade >= 1) AND (grade <= 12))),
    CONSTRAINT classes_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT classes_subject_check CHECK (((length(subject) >= 1) AND (length(subject) <= 100)))
);

CREATE TABLE public.consent_texts (
    kind text NOT NULL,
    version integer NOT NULL,
    text text NOT NULL,
    CONSTRAINT consent_texts_kind_check CHECK ((kind ~ '^[a-z_]+$'::text)),
    CONSTRAINT consent_texts_version_check CHECK ((version > 0))
);

CREATE TABLE public.consents (
    id uuid NOT NULL,
    person_id uuid NOT NULL,
    kind text NOT NULL,
    version integer NOT NULL,
    given_by uuid,
    contact_sealed bytea,
    given_at timestamp with time zone DEFAULT now() NOT NULL,
    withdrawn_at timestamp with time zone,
    withdrawn_by uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    withdrawal_hash bytea
);

CREATE TABLE public.courses (
    id uuid NOT NULL,
    school_id uuid,
    teacher_id uuid NOT NULL,
    title text NOT NULL,
    subject text NOT NULL,
    grade integer NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    CONSTRAINT courses_description_check CHECK ((length(description) <= 4000)),
    CONSTRAINT courses_grade_check CHECK (((grade >= 1) AND (grade <= 12))),
    CONSTRAINT courses_subject_check CHECK (((length(subject) >= 1) AND (length(subject) <= 100))),
    CONSTRAINT courses_title_check CHECK (((length(title) >= 1) AND (length(title) <= 200)))
);

CREATE TABLE public.data_requests (
    id uuid NOT NULL,
    person_id uuid NOT NULL,
    kind text NOT NULL,
    requested_by uuid NOT NULL,
    state text DEFAULT 'queued'::text NOT NULL,
    archive_sealed bytea,
    finished_at timestamp with time zone,
    expires_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    problem text,
    attempts integer DEFAULT 1 NOT NULL,
    school_id uuid,
    CONSTRAINT data_requests_kind_check CHECK ((kind = ANY (ARRAY['export'::text, 'erasure'::text]))),
    CONSTRAINT data_requests_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'done'::text, 'failed'::text])))
);

CREATE TABLE public.enrolments (
    class_id uuid NOT NULL,
    student_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.events (
    id bigint NOT NULL,
    topic text NOT NULL,
    kind text NOT NULL,
    data jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT events_kind_check CHECK (((length(kind) >= 1) AND (length(kind) <= 60))),
    CONSTRAINT events_topic_check CHECK (((length(topic) >= 1) AND (length(topic) <= 100)))
);

ALTER TABLE public.events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.grade_categories (
    id uuid NOT NULL,
    class_id uuid NOT NULL,
    name text NOT NULL,
    weight integer NOT NULL,
    drop_lowest integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    teacher_id uuid,
    school_id uuid,
    CONSTRAINT grade_categories_drop_lowest_check CHECK (((drop_lowest >= 0) AND (drop_lowest <= 20))),
    CONSTRAINT grade_categories_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT grade_categories_weight_check CHECK (((weight >= 0) AND (weight <= 100)))
);

CREATE TABLE public.grade_changes (
    id uuid NOT NULL,
    submission_id uuid NOT NULL,
    changed_by uuid,
    reason text NOT NULL,
    old_final double precision,
    new_final double precision,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT grade_changes_reason_check CHECK ((reason = ANY (ARRAY['graded'::text, 'quiz'::text, 'returned'::text, 'handed_in'::text])))
);

CREATE TABLE public.held_sign_ups (
    id uuid NOT NULL,
    token_hash bytea NOT NULL,
    person_sealed bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.idempotency_keys (
    owner_id uuid NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    answer_sealed bytea NOT NULL,
    CONSTRAINT idempotency_keys_key_check CHECK (((length(key) >= 1) AND (length(key) <= 200)))
);

CREATE TABLE public.identities (
    provider text NOT NULL,
    subject text NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT identities_subject_check CHECK (((length(subject) >= 1) AND (length(subject) <= 255)))
);

CREATE TABLE public.lesson_dates (
    class_id uuid NOT NULL,
    lesson_id uuid NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    CONSTRAINT lesson_dates_order CHECK (((due_at IS NULL) OR (due_at >= starts_at)))
);

CREATE TABLE public.lesson_objectives (
    lesson_id uuid NOT NULL,
    text text NOT NULL,
    "position" integer NOT NULL,
    bloom text,
    standard text,
    CONSTRAINT lesson_objectives_bloom_check CHECK ((bloom = ANY (ARRAY['remember'::text, 'understand'::text, 'apply'::text, 'analyze'::text, 'evaluate'::text, 'create'::text]))),
    CONSTRAINT lesson_objectives_standard_check CHECK (((length(standard) >= 1) AND (length(standard) <= 100)))
);

CREATE TABLE public.lesson_prerequisites (
    lesson_id uuid NOT NULL,
    requires_id uuid NOT NULL,
    CONSTRAINT lesson_prerequisites_check CHECK ((lesson_id <> requires_id))
);

CREATE TABLE public.lesson_versions (
    lesson_id uuid NOT NULL,
    number integer NOT NULL,
    title text NOT NULL,
    content jsonb NOT NULL,
    approved_by uuid,
    approved_at timestamp with time zone NOT NULL,
    CONSTRAINT lesson_versions_number_check CHECK ((number >= 1))
);

CREATE TABLE public.lessons (
    id uuid NOT NULL,
    course_id uuid NOT NULL,
    teacher_id uuid NOT NULL,
    school_id uuid,
    run_id uuid,
    state text DEFAULT 'draft'::text NOT NULL,
    title text NOT NULL,
    summary text DEFAULT ''::text NOT NULL,
    subject text NOT NULL,
    grade integer NOT NULL,
    source_text text DEFAULT ''::text NOT NULL,
    objectives jsonb DEFAULT '[]'::jsonb NOT NULL,
    sections jsonb DEFAULT '[]'::jsonb NOT NULL,
    glossary jsonb DEFAULT '[]'::jsonb NOT NULL,
    review jsonb,
    provider text,
    notice text,
    approved_by uuid,
    approved_at timestamp with time zone,
    published_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    search tsvector GENERATED ALWAYS AS (((setweight(to_tsvector('english'::regconfig, title), 'A'::"char") || setweight(to_tsvector('english'::regconfig, summary), 'B'::"char")) || setweight(to_tsvector('english'::regconfig, "left"(source_text, 50000)), 'C'::"char"))) STORED,
    CONSTRAINT lessons_glossary_check CHECK ((jsonb_typeof(glossary) = 'array'::text)),
    CONSTRAINT lessons_grade_check CHECK (((grade >= 1) AND (grade <= 12))),
    CONSTRAINT lessons_objectives_check CHECK ((jsonb_typeof(objectives) = 'array'::text)),
    CONSTRAINT lessons_sections_check CHECK ((jsonb_typeof(sections) = 'array'::text)),
    CONSTRAINT lessons_source_text_check CHECK ((length(source_text) <= 100000)),
    CONSTRAINT lessons_state_check CHECK ((state = ANY (ARRAY['draft'::text, 'review'::text, 'approved'::text, 'published'::text]))),
    CONSTRAINT lessons_summary_check CHECK ((length(summary) <= 2000)),
    CONSTRAINT lessons_title_check CHECK (((length(title) >= 1) AND (length(title) <= 200)))
);

CREATE TABLE public.link_codes (
    code_hash bytea NOT NULL,
    child_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.login_challenges (
    token_hash bytea NOT NULL,
    user_id uuid NOT NULL,
    kind text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT login_challenges_kind_check CHECK ((kind = ANY (ARRAY['code'::text, 'enrol'::text])))
);

CREATE TABLE public.login_failures (
    key text NOT NULL,
    failures integer NOT NULL,
    last_at timestamp with time zone NOT NULL,
    blocked_until timestamp with time zone NOT NULL
);

CREATE TABLE public.mail_tokens (
    token_hash bytea NOT NULL,
    user_id uuid NOT NULL,
    kind text NOT NULL,
    email_index bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT mail_tokens_kind_check CHECK ((kind = ANY (ARRAY['verify_email'::text, 'password_reset'::text])))
);

CREATE TABLE public.mails (
    id uuid NOT NULL,
    kind text NOT NULL,
    data_sealed bytea NOT NULL,
    state text DEFAULT 'queued'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    due_at timestamp with time zone DEFAULT now() NOT NULL,
    message_sealed bytea,
    error text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    recipient_index bytea,
    CONSTRAINT mails_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'sent'::text, 'shown'::text, 'dropped'::text, 'failed'::text])))
);

CREATE TABLE public.mastery (
    id uuid NOT NULL,
    student_id uuid NOT NULL,
    teacher_id uuid NOT NULL,
    school_id uuid,
    objective text NOT NULL,
    level double precision NOT NULL,
    points double precision NOT NULL,
    max_points double precision NOT NULL,
    answers integer NOT NULL,
    last_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT mastery_level_check CHECK (((level >= (0)::double precision) AND (level <= (1)::double precision))),
    CONSTRAINT mastery_objective_check CHECK (((length(objective) >= 1) AND (length(objective) <= 300)))
);

CREATE TABLE public.media (
    id uuid NOT NULL,
    owner_id uuid,
    school_id uuid,
    state text DEFAULT 'uploading'::text NOT NULL,
    shared boolean DEFAULT false NOT NULL,
    name text NOT NULL,
    type text DEFAULT ''::text NOT NULL,
    octets bigint DEFAULT 0 NOT NULL,
    digest text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    CONSTRAINT media_check CHECK (((state <> 'ready'::text) OR ((octets > 0) AND (type <> ''::text) AND (digest <> ''::text)))),
    CONSTRAINT media_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT media_state_check CHECK ((state = ANY (ARRAY['uploading'::text, 'ready'::text, 'deleted'::text])))
);

CREATE TABLE public.meetings (
    id uuid NOT NULL,
    class_id uuid NOT NULL,
    weekday integer NOT NULL,
    starts_at time without time zone NOT NULL,
    minutes integer NOT NULL,
    time_zone text NOT NULL,
    room text DEFAULT ''::text NOT NULL,
    from_date date NOT NULL,
    until_date date,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    teacher_id uuid,
    school_id uuid,
    CONSTRAINT meetings_dates CHECK (((until_date IS NULL) OR (until_date >= from_date))),
    CONSTRAINT meetings_minutes_check CHECK (((minutes >= 5) AND (minutes <= 600))),
    CONSTRAINT meetings_room_check CHECK ((length(room) <= 100)),
    CONSTRAINT meetings_time_zone CHECK (public.is_time_zone(time_zone)),
    CONSTRAINT meetings_weekday_check CHECK (((weekday >= 1) AND (weekday <= 7)))
);

CREATE TABLE public.oidc_logins (
    state_hash bytea NOT NULL,
    provider text NOT NULL,
    nonce text NOT NULL,
    verifier text NOT NULL,
    redirect text NOT NULL,
    user_id uuid,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.parent_links (
    parent_id uuid NOT NULL,
    child_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT parent_links_check CHECK ((parent_id <> child_id))
);

CREATE TABLE public.permissions (
    name text NOT NULL,
    description text NOT NULL,
    CONSTRAINT permissions_name_check CHECK ((name ~ '^[a-z_]+$'::text))
);

CREATE TABLE public.person_keys (
    person_id uuid NOT NULL,
    key_sealed bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    destroyed_at timestamp with time zone,
    CONSTRAINT person_keys_check CHECK (((key_sealed IS NULL) = (destroyed_at IS NOT NULL)))
);

CREATE TABLE public.preferences (
    user_id uuid NOT NULL,
    language text DEFAULT 'en'::text NOT NULL,
    time_zone text DEFAULT 'UTC'::text NOT NULL,
    theme text DEFAULT 'system'::text NOT NULL,
    text_size text DEFAULT 'normal'::text NOT NULL,
    high_contrast boolean DEFAULT false NOT NULL,
    reduce_motion boolean DEFAULT false NOT NULL,
    captions boolean DEFAULT false NOT NULL,
    digest text DEFAULT 'daily'::text NOT NULL,
    notices boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    CONSTRAINT preferences_digest_check CHECK ((digest = ANY (ARRAY['none'::text, 'daily'::text, 'weekly'::text]))),
    CONSTRAINT preferences_language_check CHECK ((language = ANY (ARRAY['en'::text, 'es'::text, 'fr'::text, 'de'::text]))),
    CONSTRAINT preferences_text_size_check CHECK ((text_size = ANY (ARRAY['normal'::text, 'large'::text, 'larger'::text]))),
    CONSTRAINT preferences_theme_check CHECK ((theme = ANY (ARRAY['system'::text, 'light'::text, 'dark'::text]))),
    CONSTRAINT preferences_time_zone CHECK (public.is_time_zone(time_zone))
);

CREATE TABLE public.profiles (
    user_id uuid NOT NULL,
    about text DEFAULT ''::text NOT NULL,
    pronouns text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    CONSTRAINT profiles_about_check CHECK ((length(about) <= 2000)),
    CONSTRAINT profiles_pronouns_check CHECK ((length(pronouns) <= 40))
);

CREATE TABLE public.progress (
    student_id uuid NOT NULL,
    lesson_id uuid NOT NULL,
    percent integer DEFAULT 0 NOT NULL,
    score integer DEFAULT 0 NOT NULL,
    max_score integer DEFAULT 0 NOT NULL,
    seconds bigint DEFAULT 0 NOT NULL,
    events integer DEFAULT 0 NOT NULL,
    started_at timestamp with time zone,
    completed_at timestamp with time zone,
    last_at timestamp with time zone NOT NULL,
    CONSTRAINT progress_percent_check CHECK (((percent >= 0) AND (percent <= 100)))
);

CREATE TABLE public.progress_events (
    id uuid NOT NULL,
    source text NOT NULL,
    key text NOT NULL,
    student_id uuid NOT NULL,
    lesson_id uuid NOT NULL,
    class_id uuid,
    kind text NOT NULL,
    percent integer,
    score integer,
    max_score integer,
    seconds integer,
    detail jsonb,
    occurred_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT progress_events_key_check CHECK (((length(key) >= 1) AND (length(key) <= 100))),
    CONSTRAINT progress_events_kind_check CHECK ((kind = ANY (ARRAY['started'::text, 'checkpoint'::text, 'answered'::text, 'completed'::text]))),
    CONSTRAINT progress_events_max_score_check CHECK ((max_score >= 0)),
    CONSTRAINT progress_events_percent_check CHECK (((percent >= 0) AND (percent <= 100))),
    CONSTRAINT progress_events_score_check CHECK ((score >= 0)),
    CONSTRAINT progress_events_seconds_check CHECK (((seconds >= 0) AND (seconds <= 86400))),
    CONSTRAINT progress_events_source_check CHECK (((length(source) >= 1) AND (length(source) <= 100)))
);

CREATE TABLE public.prompt_templates (
    id uuid NOT NULL,
    owner_id uuid NOT NULL,
    school_id uuid,
    shared boolean DEFAULT false NOT NULL,
    title text NOT NULL,
    body text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    CONSTRAINT prompt_templates_body_check CHECK (((length(body) >= 1) AND (length(body) <= 10000))),
    CONSTRAINT prompt_templates_title_check CHECK (((length(title) >= 1) AND (length(title) <= 200)))
);

CREATE TABLE public.quiz_attempts (
    id uuid NOT NULL,
    quiz_id uuid NOT NULL,
    student_id uuid NOT NULL,
    number integer NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    submitted_at timestamp with time zone,
    answers jsonb,
    result jsonb,
    score double precision,
    max_score double precision,
    seed text DEFAULT ''::text NOT NULL,
    ends_at timestamp with time zone,
    expired boolean DEFAULT false NOT NULL,
    assignment_id uuid,
    school_id uuid,
    teacher_id uuid,
    CONSTRAINT quiz_attempts_check CHECK (((submitted_at IS NULL) = (score IS NULL))),
    CONSTRAINT quiz_attempts_number_check CHECK ((number >= 1))
);

CREATE TABLE public.quiz_questions (
    id uuid NOT NULL,
    quiz_id uuid NOT NULL,
    "position" integer NOT NULL,
    kind text NOT NULL,
    prompt text NOT NULL,
    choices jsonb DEFAULT '[]'::jsonb NOT NULL,
    answer jsonb NOT NULL,
    explanation text DEFAULT ''::text NOT NULL,
    points integer DEFAULT 1 NOT NULL,
    targets jsonb DEFAULT '[]'::jsonb NOT NULL,
    partial boolean DEFAULT true NOT NULL,
    objective text,
    CONSTRAINT quiz_questions_choices_check CHECK ((jsonb_typeof(choices) = 'array'::text)),
    CONSTRAINT quiz_questions_explanation_check CHECK ((length(explanation) <= 2000)),
    CONSTRAINT quiz_questions_kind_check CHECK ((kind = ANY (ARRAY['multiple_choice'::text, 'multiple_select'::text, 'true_false'::text, 'cloze'::text, 'short_answer'::text, 'fill_in'::text, 'ordering'::text, 'matching'::text, 'drag_drop'::text]))),
    CONSTRAINT quiz_questions_objective_check CHECK (((length(objective) >= 1) AND (length(objective) <= 300))),
    CONSTRAINT quiz_questions_points_check CHECK (((points >= 1) AND (points <= 100))),
    CONSTRAINT quiz_questions_position_check CHECK (("position" >= 1)),
    CONSTRAINT quiz_questions_prompt_check CHECK (((length(prompt) >= 1) AND (length(prompt) <= 2000))),
    CONSTRAINT quiz_questions_targets_check CHECK ((jsonb_typeof(targets) = 'array'::text))
);

CREATE TABLE public.quizzes (
    id uuid NOT NULL,
    lesson_id uuid,
    title text NOT NULL,
    max_attempts integer DEFAULT 3 NOT NULL,
    passing_score integer DEFAULT 70 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    teacher_id uuid NOT NULL,
    school_id uuid,
    time_limit integer,
    shuffle boolean DEFAULT false NOT NULL,
    reveal text DEFAULT 'submitted'::text NOT NULL,
    CONSTRAINT quizzes_max_attempts_check CHECK (((max_attempts >= 1) AND (max_attempts <= 100))),
    CONSTRAINT quizzes_passing_score_check CHECK (((passing_score >= 0) AND (passing_score <= 100))),
    CONSTRAINT quizzes_reveal_check CHECK ((reveal = ANY (ARRAY['submitted'::text, 'closed'::text, 'never'::text]))),
    CONSTRAINT quizzes_time_limit_check CHECK (((time_limit >= 30) AND (time_limit <= 86400))),
    CONSTRAINT quizzes_title_check CHECK (((length(title) >= 1) AND (length(title) <= 200)))
);

CREATE TABLE public.recovery_codes (
    user_id uuid NOT NULL,
    code_hash bytea NOT NULL
);

CREATE TABLE public.refresh_tokens (
    token_hash bytea NOT NULL,
    session_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    used_at timestamp with time zone
);

CREATE TABLE public.role_permissions (
    role text NOT NULL,
    permission text NOT NULL,
    CONSTRAINT role_permissions_role_check CHECK ((role = ANY (ARRAY['student'::text, 'teacher'::text, 'parent'::text, 'admin'::text])))
);

CREATE TABLE public.scenes (
    id uuid NOT NULL,
    lesson_id uuid NOT NULL,
    description jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    CONSTRAINT scenes_description_check CHECK ((jsonb_typeof(description) = 'object'::text))
);

CREATE TABLE public.schools (
    id uuid NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    address text DEFAULT ''::text NOT NULL,
    time_zone text DEFAULT 'UTC'::text NOT NULL,
    made_by uuid,
    CONSTRAINT schools_address_check CHECK ((length(address) <= 500)),
    CONSTRAINT schools_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT schools_time_zone CHECK (public.is_time_zone(time_zone))
);

CREATE TABLE public.second_factors (
    user_id uuid NOT NULL,
    secret_sealed bytea NOT NULL,
    confirmed_at timestamp with time zone,
    last_step bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.sessions (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    end_reason text,
    client text DEFAULT ''::text NOT NULL,
    address text DEFAULT ''::text NOT NULL,
    CONSTRAINT sessions_check CHECK (((ended_at IS NULL) = (end_reason IS NULL))),
    CONSTRAINT sessions_end_reason_check CHECK ((end_reason = ANY (ARRAY['logout'::text, 'reuse'::text, 'suspended'::text, 'password'::text, 'admin'::text])))
);

CREATE TABLE public.signing_keys (
    kid text NOT NULL,
    alg text NOT NULL,
    key_sealed bytea NOT NULL,
    public jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    active_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    CONSTRAINT signing_keys_alg_check CHECK ((alg = ANY (ARRAY['HS256'::text, 'RS256'::text, 'ES256'::text])))
);

CREATE TABLE public.submissions (
    id uuid NOT NULL,
    assignment_id uuid NOT NULL,
    student_id uuid NOT NULL,
    state text NOT NULL,
    content text DEFAULT ''::text NOT NULL,
    submitted_at timestamp with time zone DEFAULT now() NOT NULL,
    late boolean DEFAULT false NOT NULL,
    score double precision,
    penalty integer DEFAULT 0 NOT NULL,
    final double precision GENERATED ALWAYS AS ((round((((score * ((100 - penalty))::double precision) / (100)::double precision))::numeric, 2))::double precision) STORED,
    feedback text DEFAULT ''::text NOT NULL,
    attempt_id uuid,
    graded_by uuid,
    graded_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    school_id uuid,
    teacher_id uuid,
    CONSTRAINT submissions_check CHECK (((state = 'graded'::text) = (graded_at IS NOT NULL))),
    CONSTRAINT submissions_check1 CHECK (((state <> 'graded'::text) OR (score IS NOT NULL))),
    CONSTRAINT submissions_content_check CHECK ((length(content) <= 50000)),
    CONSTRAINT submissions_feedback_check CHECK ((length(feedback) <= 10000)),
    CONSTRAINT submissions_penalty_check CHECK (((penalty >= 0) AND (penalty <= 100))),
    CONSTRAINT submissions_score_check CHECK ((score >= (0)::double precision)),
    CONSTRAINT submissions_state_check CHECK ((state = ANY (ARRAY['submitted'::text, 'returned'::text, 'graded'::text])))
);

CREATE TABLE public.users (
    id uuid NOT NULL,
    school_id uuid,
    role text NOT NULL,
    login text NOT NULL,
    name text NOT NULL,
    password_hash text NOT NULL,
    email_sealed bytea,
    email_index bytea,
    birth_date_sealed bytea,
    state text DEFAULT 'active'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    email_verified_at timestamp with time zone,
    sourced_id text,
    erased_at timestamp with time zone,
    made_by uuid,
    CONSTRAINT users_login_check CHECK (((login = lower(login)) AND ((length(login) >= 3) AND (length(login) <= 64)))),
    CONSTRAINT users_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT users_role_check CHECK ((role = ANY (ARRAY['student'::text, 'teacher'::text, 'parent'::text, 'admin'::text]))),
    CONSTRAINT users_sourced_id_check CHECK (((length(sourced_id) >= 1) AND (length(sourced_id) <= 255))),
    CONSTRAINT users_state_check CHECK ((state = ANY (ARRAY['active'::text, 'suspended'::text])))
);

CREATE TABLE public.workflow_runs (
    id uuid NOT NULL,
    workflow text NOT NULL,
    script_hash text,
    state text DEFAULT 'queued'::text NOT NULL,
    owner_id uuid,
    dedup_key text,
    input jsonb NOT NULL,
    output jsonb,
    error jsonb,
    cancel boolean DEFAULT false NOT NULL,
    lease_owner text,
    lease_until timestamp with time zone,
    wake_at timestamp with time zone DEFAULT now() NOT NULL,
    claims integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    revision bigint DEFAULT 1 NOT NULL,
    CONSTRAINT workflow_runs_check CHECK (((state = 'running'::text) = (lease_owner IS NOT NULL))),
    CONSTRAINT workflow_runs_check1 CHECK (((lease_owner IS NULL) = (lease_until IS NULL))),
    CONSTRAINT workflow_runs_check2 CHECK (((state = ANY (ARRAY['succeeded'::text, 'failed'::text, 'cancelled'::text])) = (finished_at IS NOT NULL))),
    CONSTRAINT workflow_runs_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'running'::text, 'blocked'::text, 'succeeded'::text, 'failed'::text, 'cancelled'::text]))),
    CONSTRAINT workflow_runs_workflow_check CHECK (((length(workflow) >= 1) AND (length(workflow) <= 100)))
);

CREATE TABLE public.workflow_scripts (
    hash text NOT NULL,
    workflow text NOT NULL,
    source text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT workflow_scripts_hash_check CHECK ((length(hash) = 64))
);

CREATE TABLE public.workflow_steps (
    run_id uuid NOT NULL,
    name text NOT NULL,
    occurrence integer NOT NULL,
    "position" integer NOT NULL,
    args_hash text NOT NULL,
    state text NOT NULL,
    attempts integer DEFAULT 1 NOT NULL,
    result jsonb,
    error jsonb,
    wake_at timestamp with time zone,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT workflow_steps_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT workflow_steps_occurrence_check CHECK ((occurrence >= 1)),
    CONSTRAINT workflow_steps_position_check CHECK (("position" >= 1)),
    CONSTRAINT workflow_steps_state_check CHECK ((state = ANY (ARRAY['running'::text, 'retrying'::text, 'done'::text, 'failed'::text])))
);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_key_hash_key UNIQUE (key_hash);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.assignments
    ADD CONSTRAINT assignments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.attendance
    ADD CONSTRAINT attendance_pkey PRIMARY KEY (meeting_id, on_date, student_id);

ALTER TABLE ONLY public.audit_chains
    ADD CONSTRAINT audit_chains_pkey PRIMARY KEY (chain);

ALTER TABLE ONLY public.audit_entries
    ADD CONSTRAINT audit_entries_pkey PRIMARY KEY (chain, sequence);

ALTER TABLE ONLY public.breached_passwords
    ADD CONSTRAINT breached_passwords_pkey PRIMARY KEY (prefix);

ALTER TABLE ONLY public.class_courses
    ADD CONSTRAINT class_courses_pkey PRIMARY KEY (class_id, course_id);

ALTER TABLE ONLY public.classes
    ADD CONSTRAINT classes_join_code UNIQUE (join_code);

ALTER TABLE ONLY public.classes
    ADD CONSTRAINT classes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.consent_texts
    ADD CONSTRAINT consent_texts_pkey PRIMARY KEY (kind, version);

ALTER TABLE ONLY public.consents
    ADD CONSTRAINT consents_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.courses
    ADD CONSTRAINT courses_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.data_requests
    ADD CONSTRAINT data_requests_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.enrolments
    ADD CONSTRAINT enrolments_pkey PRIMARY KEY (class_id, student_id);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.grade_categories
    ADD CONSTRAINT grade_categories_name UNIQUE (class_id, name);

ALTER TABLE ONLY public.grade_categories
    ADD CONSTRAINT grade_categories_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.grade_changes
    ADD CONSTRAINT grade_changes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.held_sign_ups
    ADD CONSTRAINT held_sign_ups_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.held_sign_ups
    ADD CONSTRAINT held_sign_ups_token_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (owner_id, key);

ALTER TABLE ONLY public.identities
    ADD CONSTRAINT identities_pkey PRIMARY KEY (provider, subject);

ALTER TABLE ONLY public.identities
    ADD CONSTRAINT identities_user UNIQUE (user_id, provider);

ALTER TABLE ONLY public.lesson_dates
    ADD CONSTRAINT lesson_dates_pkey PRIMARY KEY (class_id, lesson_id);

ALTER TABLE ONLY public.lesson_objectives
    ADD CONSTRAINT lesson_objectives_pkey PRIMARY KEY (lesson_id, text);

ALTER TABLE ONLY public.lesson_prerequisites
    ADD CONSTRAINT lesson_prerequisites_pkey PRIMARY KEY (lesson_id, requires_id);

ALTER TABLE ONLY public.lesson_versions
    ADD CONSTRAINT lesson_versions_pkey PRIMARY KEY (lesson_id, number);

ALTER TABLE ONLY public.lessons
    ADD CONSTRAINT lessons_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.lessons
    ADD CONSTRAINT lessons_run UNIQUE (run_id);

ALTER TABLE ONLY public.link_codes
    ADD CONSTRAINT link_codes_pkey PRIMARY KEY (code_hash);

ALTER TABLE ONLY public.login_challenges
    ADD CONSTRAINT login_challenges_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.login_failures
    ADD CONSTRAINT login_failures_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.mail_tokens
    ADD CONSTRAINT mail_tokens_kind UNIQUE (user_id, kind);

ALTER TABLE ONLY public.mail_tokens
    ADD CONSTRAINT mail_tokens_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.mails
    ADD CONSTRAINT mails_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.mastery
    ADD CONSTRAINT mastery_objective UNIQUE (student_id, teacher_id, objective);

ALTER TABLE ONLY public.mastery
    ADD CONSTRAINT mastery_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.media
    ADD CONSTRAINT media_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.meetings
    ADD CONSTRAINT meetings_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.oidc_logins
    ADD CONSTRAINT oidc_logins_pkey PRIMARY KEY (state_hash);

ALTER TABLE ONLY public.parent_links
    ADD CONSTRAINT parent_links_pkey PRIMARY KEY (parent_id, child_id);

ALTER TABLE ONLY public.permissions
    ADD CONSTRAINT permissions_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.person_keys
    ADD CONSTRAINT person_keys_pkey PRIMARY KEY (person_id);

ALTER TABLE ONLY public.preferences
    ADD CONSTRAINT preferences_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.profiles
    ADD CONSTRAINT profiles_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.progress_events
    ADD CONSTRAINT progress_events_key UNIQUE (source, key);

ALTER TABLE ONLY public.progress_events
    ADD CONSTRAINT progress_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.progress
    ADD CONSTRAINT progress_pkey PRIMARY KEY (student_id, lesson_id);

ALTER TABLE ONLY public.prompt_templates
    ADD CONSTRAINT prompt_templates_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.quiz_attempts
    ADD CONSTRAINT quiz_attempts_number UNIQUE (quiz_id, student_id, number);

ALTER TABLE ONLY public.quiz_attempts
    ADD CONSTRAINT quiz_attempts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.quiz_questions
    ADD CONSTRAINT quiz_questions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.quiz_questions
    ADD CONSTRAINT quiz_questions_quiz_id_position_key UNIQUE (quiz_id, "position");

ALTER TABLE ONLY public.quizzes
    ADD CONSTRAINT quizzes_lesson UNIQUE (lesson_id);

ALTER TABLE ONLY public.quizzes
    ADD CONSTRAINT quizzes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_pkey PRIMARY KEY (user_id, code_hash);

ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.role_permissions
    ADD CONSTRAINT role_permissions_pkey PRIMARY KEY (role, permission);

ALTER TABLE ONLY public.scenes
    ADD CONSTRAINT scenes_lesson UNIQUE (lesson_id);

ALTER TABLE ONLY public.scenes
    ADD CONSTRAINT scenes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.schools
    ADD CONSTRAINT schools_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.second_factors
    ADD CONSTRAINT second_factors_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_pkey PRIMARY KEY (kid);

ALTER TABLE ONLY public.submissions
    ADD CONSTRAINT submissions_once UNIQUE (assignment_id, student_id);

ALTER TABLE ONLY public.submissions
    ADD CONSTRAINT submissions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_login UNIQUE (login);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.workflow_runs
    ADD CONSTRAINT workflow_runs_dedup UNIQUE (workflow, dedup_key);

ALTER TABLE ONLY public.workflow_runs
    ADD CONSTRAINT workflow_runs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.workflow_scripts
    ADD CONSTRAINT workflow_scripts_pkey PRIMARY KEY (hash);

ALTER TABLE ONLY public.workflow_steps
    ADD CONSTRAINT workflow_steps_pkey PRIMARY KEY (run_id, name, occurrence);

ALTER TABLE ONLY public.workflow_steps
    ADD CONSTRAINT workflow_steps_run_id_position_key UNIQUE (run_id, "position");

CREATE INDEX api_keys_by_user ON public.api_keys USING btree (user_id, id);

CREATE INDEX assignments_by_category ON public.assignments USING btree (category_id) WHERE (category_id IS NOT NULL);

CREATE INDEX assignments_by_class ON public.assignments USING btree (class_id, id);

CREATE INDEX assignments_by_due ON public.assignments USING btree (due_at, id);

CREATE INDEX assignments_by_lesson ON public.assignments USING btree (lesson_id) WHERE (lesson_id IS NOT NULL);

CREATE INDEX assignments_by_quiz ON public.assignments USING btree (quiz_id) WHERE (quiz_id IS NOT NULL);

CREATE INDEX assignments_by_school ON public.assignments USING btree (school_id, id);

CREATE INDEX assignments_by_teacher ON public.assignments USING btree (teacher_id, id);

CREATE INDEX attachments_by_media ON public.attachments USING btree (media_id);

CREATE UNIQUE INDEX attachments_of_assignment ON public.attachments USING btree (assignment_id, media_id) WHERE (assignment_id IS NOT NULL);

CREATE UNIQUE INDEX attachments_of_class ON public.attachments USING btree (class_id, media_id) WHERE (class_id IS NOT NULL);

CREATE UNIQUE INDEX attachments_of_lesson ON public.attachments USING btree (lesson_id, media_id) WHERE (lesson_id IS NOT NULL);

CREATE UNIQUE INDEX attachments_of_submission ON public.attachments USING btree (submission_id, media_id) WHERE (submission_id IS NOT NULL);

CREATE INDEX attendance_by_student ON public.attendance USING btree (student_id, on_date, meeting_id);

CREATE INDEX audit_entries_by_action ON public.audit_entries USING btree (chain, action, sequence);

CREATE INDEX audit_entries_by_actor ON public.audit_entries USING btree (chain, actor_id, sequence);

CREATE INDEX audit_entries_by_subject ON public.audit_entries USING btree (chain, subject_id, sequence);

CREATE INDEX class_courses_by_course ON public.class_courses USING btree (course_id, class_id);

CREATE INDEX classes_by_grade ON public.classes USING btree (school_id, grade, id);

CREATE INDEX classes_by_name ON public.classes USING btree (school_id, name, id);

CREATE INDEX classes_by_school ON public.classes USING btree (school_id, id);

CREATE INDEX classes_by_teacher ON public.classes USING btree (teacher_id, id);

CREATE INDEX consents_by_person ON public.consents USING btree (person_id, id);

CREATE UNIQUE INDEX consents_standing ON public.consents USING btree (person_id, kind) WHERE (withdrawn_at IS NULL);

CREATE UNIQUE INDEX consents_withdrawal ON public.consents USING btree (withdrawal_hash) WHERE (withdrawal_hash IS NOT NULL);

CREATE INDEX consents_withdrawn ON public.consents USING btree (withdrawn_at) WHERE (withdrawn_at IS NOT NULL);

CREATE INDEX courses_by_school ON public.courses USING btree (school_id, id);

CREATE INDEX courses_by_teacher ON public.courses USING btree (teacher_id, id);

CREATE INDEX courses_by_title ON public.courses USING btree (school_id, title, id);

CREATE INDEX data_requests_by_person ON public.data_requests USING btree (person_id, id);

CREATE INDEX data_requests_by_school ON public.data_requests USING btree (school_id, id);

CREATE INDEX data_requests_expired ON public.data_requests USING btree (expires_at) WHERE (archive_sealed IS NOT NULL);

CREATE UNIQUE INDEX data_requests_open ON public.data_requests USING btree (person_id, kind) WHERE (state = 'queued'::text);

CREATE INDEX data_requests_waiting ON public.data_requests USING btree (school_id, id) WHERE (state <> 'done'::text);

CREATE INDEX enrolments_by_student ON public.enrolments USING btree (student_id, class_id);

CREATE INDEX events_by_time ON public.events USING btree (created_at);

CREATE INDEX events_by_topic ON public.events USING btree (topic, id);

CREATE INDEX grade_categories_by_class ON public.grade_categories USING btree (class_id, id);

CREATE INDEX grade_categories_by_school ON public.grade_categories USING btree (school_id, id);

CREATE INDEX grade_categories_by_teacher ON public.grade_categories USING btree (teacher_id, id);

CREATE INDEX grade_changes_by_submission ON public.grade_changes USING btree (submission_id, id);

CREATE INDEX held_sign_ups_expired ON public.held_sign_ups USING btree (expires_at);

CREATE INDEX idempotency_keys_by_time ON public.idempotency_keys USING btree (created_at);

CREATE INDEX lesson_dates_by_due ON public.lesson_dates USING btree (class_id, due_at) WHERE (due_at IS NOT NULL);

CREATE INDEX lesson_dates_by_lesson ON public.lesson_dates USING btree (lesson_id);

CREATE INDEX lesson_dates_by_start ON public.lesson_dates USING btree (class_id, starts_at, lesson_id);

CREATE INDEX lesson_objectives_by_position ON public.lesson_objectives USING btree (lesson_id, "position");

CREATE INDEX lesson_objectives_by_standard ON public.lesson_objectives USING btree (standard) WHERE (standard IS NOT NULL);

CREATE INDEX lesson_prerequisites_by_required ON public.lesson_prerequisites USING btree (requires_id);

CREATE INDEX lessons_by_course ON public.lessons USING btree (course_id, id);

CREATE INDEX lessons_by_school ON public.lessons USING btree (school_id, id);

CREATE INDEX lessons_by_teacher ON public.lessons USING btree (teacher_id, id);

CREATE INDEX lessons_by_title ON public.lessons USING btree (school_id, title, id);

CREATE INDEX lessons_search ON public.lessons USING gin (search);

CREATE INDEX lessons_unpublished ON public.lessons USING btree (school_id, id) WHERE (state <> 'published'::text);

CREATE INDEX link_codes_by_child ON public.link_codes USING btree (child_id);

CREATE INDEX login_challenges_by_user ON public.login_challenges USING btree (user_id);

CREATE INDEX login_challenges_expired ON public.login_challenges USING btree (expires_at);

CREATE INDEX login_failures_old ON public.login_failures USING btree (last_at);

CREATE INDEX mail_tokens_expired ON public.mail_tokens USING btree (expires_at);

CREATE INDEX mails_by_recipient ON public.mails USING btree (recipient_index) WHERE (recipient_index IS NOT NULL);

CREATE INDEX mails_by_state ON public.mails USING btree (state, id);

CREATE INDEX mails_due ON public.mails USING btree (due_at) WHERE (state = 'queued'::text);

CREATE INDEX mastery_by_student ON public.mastery USING btree (student_id, id);

CREATE INDEX media_by_owner ON public.media USING btree (owner_id, id);

CREATE INDEX media_by_school ON public.media USING btree (school_id, id);

CREATE INDEX media_shared ON public.media USING btree (school_id, id) WHERE shared;

CREATE INDEX media_to_remove ON public.media USING btree (created_at) WHERE (state <> 'ready'::text);

CREATE INDEX media_unshared ON public.media USING btree (updated_at) WHERE ((state = 'ready'::text) AND (NOT shared));

CREATE INDEX meetings_by_class ON public.meetings USING btree (class_id, id);

CREATE INDEX meetings_by_school ON public.meetings USING btree (school_id, id);

CREATE INDEX meetings_by_teacher ON public.meetings USING btree (teacher_id, id);

CREATE INDEX oidc_logins_by_user ON public.oidc_logins USING btree (user_id);

CREATE INDEX oidc_logins_expired ON public.oidc_logins USING btree (expires_at);

CREATE INDEX parent_links_by_child ON public.parent_links USING btree (child_id, parent_id);

CREATE INDEX progress_by_lesson ON public.progress USING btree (lesson_id, student_id);

CREATE INDEX progress_events_by_lesson ON public.progress_events USING btree (lesson_id, id);

CREATE INDEX progress_events_by_student ON public.progress_events USING btree (student_id, id);

CREATE INDEX prompt_templates_by_owner ON public.prompt_templates USING btree (owner_id, id);

CREATE INDEX prompt_templates_by_title ON public.prompt_templates USING btree (school_id, title, id) WHERE shared;

CREATE INDEX prompt_templates_shared ON public.prompt_templates USING btree (school_id, id) WHERE shared;

CREATE INDEX quiz_attempts_by_assignment ON public.quiz_attempts USING btree (assignment_id, id) WHERE (assignment_id IS NOT NULL);

CREATE INDEX quiz_attempts_by_quiz ON public.quiz_attempts USING btree (quiz_id, id);

CREATE INDEX quiz_attempts_by_school ON public.quiz_attempts USING btree (school_id, id);

CREATE INDEX quiz_attempts_by_student ON public.quiz_attempts USING btree (student_id, id);

CREATE INDEX quiz_attempts_by_teacher ON public.quiz_attempts USING btree (teacher_id, id);

CREATE INDEX quiz_attempts_ending ON public.quiz_attempts USING btree (ends_at) WHERE (submitted_at IS NULL);

CREATE INDEX quizzes_by_school ON public.quizzes USING btree (school_id, id);

CREATE INDEX quizzes_by_teacher ON public.quizzes USING btree (teacher_id, id);

CREATE INDEX quizzes_by_title ON public.quizzes USING btree (school_id, title, id);

CREATE INDEX refresh_tokens_by_session ON public.refresh_tokens USING btree (session_id);

CREATE INDEX schools_by_name ON public.schools USING btree (name, id);

CREATE INDEX schools_made ON public.schools USING btree (made_by) WHERE (made_by IS NOT NULL);

CREATE INDEX sessions_by_user ON public.sessions USING btree (user_id, id);

CREATE INDEX sessions_ended ON public.sessions USING btree (ended_at) WHERE (ended_at IS NOT NULL);

CREATE INDEX sessions_over ON public.sessions USING btree (COALESCE(ended_at, expires_at));

CREATE INDEX submissions_by_assignment ON public.submissions USING btree (assignment_id, id);

CREATE INDEX submissions_by_school ON public.submissions USING btree (school_id, id);

CREATE INDEX submissions_by_student ON public.submissions USING btree (student_id, id);

CREATE INDEX submissions_by_teacher ON public.submissions USING btree (teacher_id, id);

CREATE INDEX submissions_waiting ON public.submissions USING btree (teacher_id, id) WHERE (state <> 'graded'::text);

CREATE INDEX submissions_waiting_of_school ON public.submissions USING btree (school_id, id) WHERE (state <> 'graded'::text);

CREATE INDEX users_by_email ON public.users USING btree (email_index) WHERE (email_index IS NOT NULL);

CREATE INDEX users_by_name ON public.users USING btree (school_id, name, id);

CREATE INDEX users_by_role ON public.users USING btree (school_id, role, name, id);

CREATE INDEX users_by_role_and_time ON public.users USING btree (school_id, role, created_at, id);

CREATE INDEX users_by_school ON public.users USING btree (school_id, id);

CREATE INDEX users_by_time ON public.users USING btree (school_id, created_at, id);

CREATE UNIQUE INDEX users_email ON public.users USING btree (email_index) WHERE (email_verified_at IS NOT NULL);

CREATE INDEX users_made ON public.users USING btree (made_by) WHERE (made_by IS NOT NULL);

CREATE UNIQUE INDEX users_sourced_id ON public.users USING btree (school_id, sourced_id) WHERE (sourced_id IS NOT NULL);

CREATE INDEX users_suspended ON public.users USING btree (school_id, id) WHERE (state = 'suspended'::text);

CREATE INDEX workflow_runs_by_owner ON public.workflow_runs USING btree (owner_id, id);

CREATE INDEX workflow_runs_leased ON public.workflow_runs USING btree (lease_until) WHERE (state = 'running'::text);

CREATE INDEX workflow_runs_over ON public.workflow_runs USING btree (finished_at) WHERE (finished_at IS NOT NULL);

CREATE INDEX workflow_runs_queued ON public.workflow_runs USING btree (wake_at) WHERE (state = 'queued'::text);

CREATE TRIGGER api_keys_end AFTER DELETE ON public.api_keys FOR EACH ROW EXECUTE FUNCTION public.api_key_ended();

CREATE TRIGGER assignments_touch BEFORE UPDATE ON public.assignments FOR EACH ROW EXECUTE FUNCTION public.touch();

CREATE TRIGGER attachments_ended AFTER DELETE ON public.attachments FOR EACH ROW EXECUTE FUNCTION public.attachment_ended();

CREATE TRIGGER audit_chains_forward BEFORE UPDATE ON public.audit_chains FOR EACH ROW WHEN (((new.chain <> old.chain) OR (new.sequence <> (old.sequence + 1)))) EXECUTE FUNCTION public.audit_refuse();

CREATE TRIGGER audit_chains_kept BEFORE DELETE ON public.audit_chains FOR EACH ROW EXECUTE FUNCTION public.audit_refuse();

CREATE TRIGGER audit_entries_fixed BEFORE DELETE OR UPDATE ON public.audit_entries FOR EACH ROW EXECUTE FUNCTION public.audit_refuse();

CREATE TRIGGER audit_entries_kept BEFORE TRUNCATE ON public.audit_entries FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse();

CREATE TRIGGER classes_touch BEFORE UPDATE ON public.classes FOR EACH ROW EXECUTE FUNCTION public.touch();

CREATE TRIGGER consents_touch BEFORE UPDATE ON public.consents FOR EACH ROW EXECUTE FUNCTION public.touch();

CREATE TRIGGER courses_touch BEFORE UPDATE ON public.courses FOR EACH ROW EXECUTE FUNCTION public.touch();

CREATE TRIGGER data_requests_school BEFORE INSERT ON public.data_requests FOR EACH ROW WHEN ((new.school_id IS NULL)) EXECUTE FUNCTION public.school_of_person();

CREATE TRIGGER data_requests_touch BEFORE UPDATE ON public.data_requests FOR EACH ROW EXECUTE FUNCTION public.touch();

CREATE TRIGGER grade_categories_keepers BEFORE INSERT ON public.grade_categories FOR EACH ROW WHEN ((new.teacher_id IS NULL)) EXECUTE FUNCTION public.keepers_of_row();

CREATE TRIGGER grade_categories_touch BEFORE UPDATE ON public.grade_categories FOR EACH ROW EXECUTE FUNCTION public.touch();

CREATE TRIGGER lesson_dates_touch BEFORE UPDATE ON public.lesson_dates FOR EACH ROW EXECUTE FUNCTION public.touch();

CREATE TRIGGER lessons_objectives_changed AFTER UPDATE OF objectives ON public.lessons FOR EACH ROW WHEN ((old.objectives IS DISTINCT FROM new.objectives)) EXECUTE FUNCTION public.lesson_objectives_follow();

CREATE TRIGGER lessons_objectives_made AFTER INSERT ON public.lessons FOR EACH ROW EXECUTE FUNCTION public.lesson_objectives_follow();

CREATE TRIGGER lessons_touch BEFORE UPDATE ON public.lessons FOR EACH ROW EXECUTE FUNCTION public.touch();

CREATE TRIGGER lessons_version_kept AFTER UPDATE OF state ON public.lessons FOR EACH ROW WHEN (((old.state = 'review'::text) AND (new.state = 'approved'::text))) EXECUTE FUNCTION public.lesson_version_keep();

CREATE TRIGGER mails_queued AFTER INSERT ON public.mails FOR EACH STATEMENT EXECUTE FUNCTION public.mail_queued();

CREATE TRIGGER media_owner_erased BEFORE UPDATE OF owner_id ON public.media FOR EACH ROW WHEN ((new.owner_id IS NULL)) EXECUTE FUNCTION public.media_orphaned();

CREATE TRIGGER media_touch BEFORE UPDATE ON public.media FOR EACH ROW EXECUTE FUNCTION public.touch();

CREATE TRIGGER meetings_keepers BEFORE INSERT ON public.meetings FOR EACH ROW WHEN ((new.teacher_id IS NULL)) EXECUTE FUNCTION public.keepers_of_row();

CREATE TRIGGER meetings_touch BEFORE UPDATE ON public.meetings FOR EACH ROW EXECUTE FUNCTION public.touch();

CREATE TRIGGER parent_links_lost AFTER DELETE ON public.parent_links FOR EACH ROW EXECUTE FUNCTION public.access_lost();

CREATE TRIGGER permissions_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.role_permissions FOR EACH STATEMENT EXECUTE FUNCTION public.permissions_changed();

CREATE TRIGGER preferences_touch BEFORE UPDATE ON public.preferences FOR EACH ROW EXECUTE FUNCTION public.touch();

CREATE TRIGGER profiles_touch BEFORE UPDATE ON public.profiles FOR EACH ROW EXECUTE FUNCTION public.touch();

CREATE TRIGGER prompt_templates_touch BEFORE UPDATE ON public.prompt_templates FOR EACH ROW EXECUTE FUNCTION public.touch();

CREATE TRIGGER quiz_attempts_keepers BEFORE INSERT ON public.quiz_attempts FOR EACH ROW WHEN ((new.teacher_id IS NULL)) EXECUTE FUNCTION public.keepers_of_row();

CREATE TRIGGER quizzes_touch BEFORE UPDATE ON public.quizzes FOR EACH ROW EXECUTE FUNCTION public.touch();

CREATE TRIGGER scenes_touch BEFORE UPDATE ON public.scenes FOR EACH ROW EXECUTE FUNCTION public.touch();

CREATE TRIGGER schools_touch BEFORE UPDATE ON public.schools FOR EACH ROW EXECUTE FUNCTION public.touch();

CREATE TRIGGER sessions_end AFTER UPDATE OF ended_at ON public.sessions FOR EACH ROW WHEN (((old.ended_at IS NULL) AND (new.ended_at IS NOT NULL))) EXECUTE FUNCTION public.session_ended();

CREATE TRIGGER signing_keys_changed AFTER INSERT OR DELETE OR UPDATE ON public.signing_keys FOR EACH STATEMENT EXECUTE FUNCTION public.signing_keys_changed();

CREATE TRIGGER submissions_keepers BEFORE INSERT ON public.submissions FOR EACH ROW WHEN ((new.teacher_id IS NULL)) EXECUTE FUNCTION public.keepers_of_row();

CREATE TRIGGER submissions_touch BEFORE UPDATE ON public.submissions FOR EACH ROW EXECUTE FUNCTION public.touch();

CREATE TRIGGER users_keys_end AFTER UPDATE OF state ON public.users FOR EACH ROW WHEN ((new.state = 'suspended'::text)) EXECUTE FUNCTION public.keys_of_suspended();

CREATE TRIGGER users_touch BEFORE UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION public.touch();

CREATE TRIGGER workflow_runs_cancel AFTER UPDATE OF cancel ON public.workflow_runs FOR EACH ROW WHEN ((new.cancel AND (NOT old.cancel))) EXECUTE FUNCTION public.run_cancel_asked();

CREATE TRIGGER workflow_runs_data_request AFTER UPDATE OF state ON public.workflow_runs FOR EACH ROW WHEN (((new.workflow = 'data_request'::text) AND (new.state = ANY (ARRAY['failed'::text, 'blocked'::text, 'cancelled'::text])))) EXECUTE FUNCTION public.data_request_stopped();

CREATE TRIGGER workflow_runs_inserted AFTER INSERT ON public.workflow_runs FOR EACH ROW EXECUTE FUNCTION public.run_queued();

CREATE TRIGGER workflow_runs_requeued AFTER UPDATE OF state ON public.workflow_runs FOR EACH ROW WHEN (((new.state = 'queued'::text) AND (old.state <> 'queued'::text))) EXECUTE FUNCTION public.run_queued();

CREATE TRIGGER workflow_runs_touch BEFORE UPDATE ON public.workflow_runs FOR EACH ROW EXECUTE FUNCTION public.touch();

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.assignments
    ADD CONSTRAINT assignments_category_id_fkey FOREIGN KEY (category_id) REFERENCES public.grade_categories(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.assignments
    ADD CONSTRAINT assignments_class_id_fkey FOREIGN KEY (class_id) REFERENCES public.classes(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.assignments
    ADD CONSTRAINT assignments_lesson_id_fkey FOREIGN KEY (lesson_id) REFERENCES public.lessons(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.assignments
    ADD CONSTRAINT assignments_quiz_id_fkey FOREIGN KEY (quiz_id) REFERENCES public.quizzes(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.assignments
    ADD CONSTRAINT assignments_school_id_fkey FOREIGN KEY (school_id) REFERENCES public.schools(id);

ALTER TABLE ONLY public.assignments
    ADD CONSTRAINT assignments_teacher_id_fkey FOREIGN KEY (teacher_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.attachments
    ADD CONSTRAINT attachments_assignment_id_fkey FOREIGN KEY (assignment_id) REFERENCES public.assignments(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.attachments
    ADD CONSTRAINT attachments_class_id_fkey FOREIGN KEY (class_id) REFERENCES public.classes(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.attachments
    ADD CONSTRAINT attachments_lesson_id_fkey FOREIGN KEY (lesson_id) REFERENCES public.lessons(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.attachments
    ADD CONSTRAINT attachments_media_id_fkey FOREIGN KEY (media_id) REFERENCES public.media(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.attachments
    ADD CONSTRAINT attachments_submission_id_fkey FOREIGN KEY (submission_id) REFERENCES public.submissions(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.attendance
    ADD CONSTRAINT attendance_class_id_fkey FOREIGN KEY (class_id) REFERENCES public.classes(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.attendance
    ADD CONSTRAINT attendance_marked_by_fkey FOREIGN KEY (marked_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.attendance
    ADD CONSTRAINT attendance_meeting_id_fkey FOREIGN KEY (meeting_id) REFERENCES public.meetings(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.attendance
    ADD CONSTRAINT attendance_student_id_fkey FOREIGN KEY (student_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.audit_entries
    ADD CONSTRAINT audit_entries_chain_fkey FOREIGN KEY (chain) REFERENCES public.audit_chains(chain);

ALTER TABLE ONLY public.class_courses
    ADD CONSTRAINT class_courses_class_id_fkey FOREIGN KEY (class_id) REFERENCES public.classes(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.class_courses
    ADD CONSTRAINT class_courses_course_id_fkey FOREIGN KEY (course_id) REFERENCES public.courses(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.classes
    ADD CONSTRAINT classes_school_id_fkey FOREIGN KEY (school_id) REFERENCES public.schools(id);

ALTER TABLE ONLY public.classes
    ADD CONSTRAINT classes_teacher_id_fkey FOREIGN KEY (teacher_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.consents
    ADD CONSTRAINT consents_kind_version_fkey FOREIGN KEY (kind, version) REFERENCES public.consent_texts(kind, version);

ALTER TABLE ONLY public.consents
    ADD CONSTRAINT consents_person_id_fkey FOREIGN KEY (person_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.courses
    ADD CONSTRAINT courses_school_id_fkey FOREIGN KEY (school_id) REFERENCES public.schools(id);

ALTER TABLE ONLY public.courses
    ADD CONSTRAINT courses_teacher_id_fkey FOREIGN KEY (teacher_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.data_requests
    ADD CONSTRAINT data_requests_person_id_fkey FOREIGN KEY (person_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.data_requests
    ADD CONSTRAINT data_requests_school_id_fkey FOREIGN KEY (school_id) REFERENCES public.schools(id);

ALTER TABLE ONLY public.enrolments
    ADD CONSTRAINT enrolments_class_id_fkey FOREIGN KEY (class_id) REFERENCES public.classes(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.enrolments
    ADD CONSTRAINT enrolments_student_id_fkey FOREIGN KEY (student_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.grade_categories
    ADD CONSTRAINT grade_categories_class_id_fkey FOREIGN KEY (class_id) REFERENCES public.classes(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.grade_categories
    ADD CONSTRAINT grade_categories_school_id_fkey FOREIGN KEY (school_id) REFERENCES public.schools(id);

ALTER TABLE ONLY public.grade_changes
    ADD CONSTRAINT grade_changes_changed_by_fkey FOREIGN KEY (changed_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.grade_changes
    ADD CONSTRAINT grade_changes_submission_id_fkey FOREIGN KEY (submission_id) REFERENCES public.submissions(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.identities
    ADD CONSTRAINT identities_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.lesson_dates
    ADD CONSTRAINT lesson_dates_class_id_fkey FOREIGN KEY (class_id) REFERENCES public.classes(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.lesson_dates
    ADD CONSTRAINT lesson_dates_lesson_id_fkey FOREIGN KEY (lesson_id) REFERENCES public.lessons(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.lesson_objectives
    ADD CONSTRAINT lesson_objectives_lesson_id_fkey FOREIGN KEY (lesson_id) REFERENCES public.lessons(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.lesson_prerequisites
    ADD CONSTRAINT lesson_prerequisites_lesson_id_fkey FOREIGN KEY (lesson_id) REFERENCES public.lessons(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.lesson_prerequisites
    ADD CONSTRAINT lesson_prerequisites_requires_id_fkey FOREIGN KEY (requires_id) REFERENCES public.lessons(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.lesson_versions
    ADD CONSTRAINT lesson_versions_approved_by_fkey FOREIGN KEY (approved_by) REFERENCES public.users(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.lesson_versions
    ADD CONSTRAINT lesson_versions_lesson_id_fkey FOREIGN KEY (lesson_id) REFERENCES public.lessons(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.lessons
    ADD CONSTRAINT lessons_approved_by_fkey FOREIGN KEY (approved_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.lessons
    ADD CONSTRAINT lessons_course_id_fkey FOREIGN KEY (course_id) REFERENCES public.courses(id);

ALTER TABLE ONLY public.lessons
    ADD CONSTRAINT lessons_school_id_fkey FOREIGN KEY (school_id) REFERENCES public.schools(id);

ALTER TABLE ONLY public.lessons
    ADD CONSTRAINT lessons_teacher_id_fkey FOREIGN KEY (teacher_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.link_codes
    ADD CONSTRAINT link_codes_child_id_fkey FOREIGN KEY (child_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.login_challenges
    ADD CONSTRAINT login_challenges_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.mail_tokens
    ADD CONSTRAINT mail_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.mastery
    ADD CONSTRAINT mastery_school_id_fkey FOREIGN KEY (school_id) REFERENCES public.schools(id);

ALTER TABLE ONLY public.mastery
    ADD CONSTRAINT mastery_student_id_fkey FOREIGN KEY (student_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.mastery
    ADD CONSTRAINT mastery_teacher_id_fkey FOREIGN KEY (teacher_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.media
    ADD CONSTRAINT media_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES public.users(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.media
    ADD CONSTRAINT media_school_id_fkey FOREIGN KEY (school_id) REFERENCES public.schools(id);

ALTER TABLE ONLY public.meetings
    ADD CONSTRAINT meetings_class_id_fkey FOREIGN KEY (class_id) REFERENCES public.classes(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.meetings
    ADD CONSTRAINT meetings_school_id_fkey FOREIGN KEY (school_id) REFERENCES public.schools(id);

ALTER TABLE ONLY public.oidc_logins
    ADD CONSTRAINT oidc_logins_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.parent_links
    ADD CONSTRAINT parent_links_child_id_fkey FOREIGN KEY (child_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.parent_links
    ADD CONSTRAINT parent_links_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.preferences
    ADD CONSTRAINT preferences_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.profiles
    ADD CONSTRAINT profiles_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.progress_events
    ADD CONSTRAINT progress_events_class_id_fkey FOREIGN KEY (class_id) REFERENCES public.classes(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.progress_events
    ADD CONSTRAINT progress_events_lesson_id_fkey FOREIGN KEY (lesson_id) REFERENCES public.lessons(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.progress_events
    ADD CONSTRAINT progress_events_student_id_fkey FOREIGN KEY (student_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.progress
    ADD CONSTRAINT progress_lesson_id_fkey FOREIGN KEY (lesson_id) REFERENCES public.lessons(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.progress
    ADD CONSTRAINT progress_student_id_fkey FOREIGN KEY (student_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.prompt_templates
    ADD CONSTRAINT prompt_templates_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.prompt_templates
    ADD CONSTRAINT prompt_templates_school_id_fkey FOREIGN KEY (school_id) REFERENCES public.schools(id);

ALTER TABLE ONLY public.quiz_attempts
    ADD CONSTRAINT quiz_attempts_assignment_id_fkey FOREIGN KEY (assignment_id) REFERENCES public.assignments(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.quiz_attempts
    ADD CONSTRAINT quiz_attempts_quiz_id_fkey FOREIGN KEY (quiz_id) REFERENCES public.quizzes(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.quiz_attempts
    ADD CONSTRAINT quiz_attempts_school_id_fkey FOREIGN KEY (school_id) REFERENCES public.schools(id);

ALTER TABLE ONLY public.quiz_attempts
    ADD CONSTRAINT quiz_attempts_student_id_fkey FOREIGN KEY (student_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.quiz_questions
    ADD CONSTRAINT quiz_questions_quiz_id_fkey FOREIGN KEY (quiz_id) REFERENCES public.quizzes(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.quizzes
    ADD CONSTRAINT quizzes_lesson_id_fkey FOREIGN KEY (lesson_id) REFERENCES public.lessons(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.quizzes
    ADD CONSTRAINT quizzes_school_id_fkey FOREIGN KEY (school_id) REFERENCES public.schools(id);

ALTER TABLE ONLY public.quizzes
    ADD CONSTRAINT quizzes_teacher_id_fkey FOREIGN KEY (teacher_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.second_factors(user_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.role_permissions
    ADD CONSTRAINT role_permissions_permission_fkey FOREIGN KEY (permission) REFERENCES public.permissions(name);

ALTER TABLE ONLY public.scenes
    ADD CONSTRAINT scenes_lesson_id_fkey FOREIGN KEY (lesson_id) REFERENCES public.lessons(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.schools
    ADD CONSTRAINT schools_made_by_fkey FOREIGN KEY (made_by) REFERENCES public.users(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.second_factors
    ADD CONSTRAINT second_factors_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.submissions
    ADD CONSTRAINT submissions_assignment_id_fkey FOREIGN KEY (assignment_id) REFERENCES public.assignments(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.submissions
    ADD CONSTRAINT submissions_attempt_id_fkey FOREIGN KEY (attempt_id) REFERENCES public.quiz_attempts(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.submissions
    ADD CONSTRAINT submissions_graded_by_fkey FOREIGN KEY (graded_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.submissions
    ADD CONSTRAINT submissions_school_id_fkey FOREIGN KEY (school_id) REFERENCES public.schools(id);

ALTER TABLE ONLY public.submissions
    ADD CONSTRAINT submissions_student_id_fkey FOREIGN KEY (student_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_made_by_fkey FOREIGN KEY (made_by) REFERENCES public.users(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_school_id_fkey FOREIGN KEY (school_id) REFERENCES public.schools(id);

ALTER TABLE ONLY public.workflow_runs
    ADD CONSTRAINT workflow_runs_script_hash_fkey FOREIGN KEY (script_hash) REFERENCES public.workflow_scripts(hash);

ALTER TABLE ONLY public.workflow_steps
    ADD CONSTRAINT workflow_steps_run_id_fkey FOREIGN KEY (run_id) REFERENCES public.workflow_runs(id) ON DELETE CASCADE;
