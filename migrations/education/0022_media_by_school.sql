-- What an admin lists: all files of the school.
create index media_by_school on media (school_id, id);
