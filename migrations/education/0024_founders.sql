-- Who made a school: an admin of a school may make further ones, and keeps them beside their own admins.
alter table schools add column made_by uuid references users on delete set null;
create index schools_made on schools (made_by) where made_by is not null;
