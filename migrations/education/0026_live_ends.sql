-- What somebody may no longer follow live ends at once, on every worker.

-- Whoever loses sight of another one is asked anew for each topic.
create function access_lost() returns trigger language plpgsql as $$
begin
  perform pg_notify('access_lost', old.parent_id::text);
  return null;
end $$;
create trigger parent_links_lost after delete on parent_links for each row execute function access_lost();

-- The end of a key is told as the end of a session is.
create function api_key_ended() returns trigger language plpgsql as $$
begin
  perform pg_notify('session_end', old.id::text);
  return null;
end $$;
create trigger api_keys_end after delete on api_keys for each row execute function api_key_ended();

create function keys_of_suspended() returns trigger language plpgsql as $$
begin
  perform pg_notify('session_end', k.id::text) from api_keys k where k.user_id = new.id;
  return null;
end $$;
create trigger users_keys_end after update of state on users
  for each row when (new.state = 'suspended') execute function keys_of_suspended();
