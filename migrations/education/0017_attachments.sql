-- Uploaded files beside what they belong to: a lesson, a class, an assignment, or work that was handed in.

create table attachments (
  media_id      uuid not null references media on delete cascade,
  lesson_id     uuid references lessons on delete cascade,
  class_id      uuid references classes on delete cascade,
  assignment_id uuid references assignments on delete cascade,
  submission_id uuid references submissions on delete cascade,
  attached_at   timestamptz not null default now(),
  check (num_nonnulls(lesson_id, class_id, assignment_id, submission_id) = 1)
);
create unique index attachments_of_lesson on attachments (lesson_id, media_id) where lesson_id is not null;
create unique index attachments_of_class on attachments (class_id, media_id) where class_id is not null;
create unique index attachments_of_assignment on attachments (assignment_id, media_id) where assignment_id is not null;
create unique index attachments_of_submission on attachments (submission_id, media_id) where submission_id is not null;
create index attachments_by_media on attachments (media_id);

-- What belongs to nothing is deleted some time after its last change (model/media.lua): the time begins anew here.
create function attachment_ended() returns trigger language plpgsql as $$
begin
  update media set updated_at = now() where id = old.media_id;
  return null;
end $$;
create trigger attachments_ended after delete on attachments for each row execute function attachment_ended();
create index media_unshared on media (updated_at) where state = 'ready' and not shared;
