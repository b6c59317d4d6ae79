-- model/constraint.lua: what to tell people when a constraint of the schema is broken: constraint → field and sentence.
-- Read by model/db.lua. A constraint that is not listed is told with its name only.

return {
  users_login = { field = "login", message = "this login is taken" },
  users_email = { field = "email", message = "this email address has an account already" },
  identities_user = { message = "another account of this provider is linked already" },
  identities_pkey = { message = "this account of the provider is linked to somebody else" },
  schools_time_zone = { field = "time_zone", message = "this is no time zone" },
  preferences_time_zone = { field = "time_zone", message = "this is no time zone" },
  meetings_time_zone = { field = "time_zone", message = "this is no time zone" },
  meetings_dates = { field = "until_date", message = "it ends before it begins" },
  lesson_dates_order = { field = "due_at", message = "it is due before it begins" },
  classes_join_code = { field = "join_code", message = "this join code is taken" },
  lessons_run = { field = "run_id", message = "this run has made its lesson already" },
  quizzes_lesson = { field = "lesson_id", message = "the lesson has a quiz already" },
  quiz_attempts_number = { message = "another attempt was started at the same time" },
  scenes_lesson = { field = "lesson_id", message = "the lesson has a scene already" },
  workflow_runs_dedup = { message = "this run was started already" },
  posts_slug = { field = "slug", message = "this slug is taken" },
  tags_slug = { field = "slug", message = "this slug is taken" },
  authors_slug = { field = "slug", message = "this slug is taken" },
  players_student = { field = "student_id", message = "this student is linked to another Roblox user" },
  players_pkey = { field = "roblox_user_id", message = "this Roblox user is linked to another student" },
}
