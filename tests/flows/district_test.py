"""`toolboxd seed --district`: what measurements stand on has the shape that it promises, and comes to no school's data."""


def test_a_hundredth_of_the_district(installation):
    assert installation.migrate("up").returncode == 0
    installation.extra["TOOLBOX_DEVELOPMENT"] = "false"
    for what in ([], ["--contract"], ["--district"]):
        refused = installation.command("seed", "--config", installation.config, *what, timeout=60)
        assert refused.returncode == 2 and "development" in refused.stderr, refused
    del installation.extra["TOOLBOX_DEVELOPMENT"]
    done = installation.command("seed", "--config", installation.config, "--district", "--scale", "0.01", timeout=120)
    assert done.returncode == 0 and "d1-teacher-1" in done.stdout, done

    def count(question):
        return installation.sql(installation.name("education"), question)
    assert count("select count(*) from schools") == "2"
    assert count("select role, count(*) from users group by role order by role").split() == [
        "admin|2", "parent|2", "student|1000", "teacher|50"]
    assert count("select count(*) from progress") == "100000"
    assert count("select distinct count(*) from enrolments group by class_id") == "25"
    assert count("select count(*) from progress p where not exists (select 1 from enrolments e"
                 " join class_courses k using (class_id) join lessons l using (course_id)"
                 " where e.student_id = p.student_id and l.id = p.lesson_id)") == "0"
    again = installation.command("seed", "--config", installation.config, "--district", timeout=60)
    assert again.returncode == 0 and "there is a district already" in again.stdout, again
