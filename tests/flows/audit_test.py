"""Every change of a grade, role, consent, key or personal record is in the audit log.

Each operation that changes something either stands in RECORDED with the entry that it makes, or in UNRECORDED with the
reason; a new route that stands in neither fails the test. What is in RECORDED is done here, one after the other, and its
entry looked for; SHOWN names those that the flows of consent and erasure do (privacy_test.py).
"""
import secrets

import psycopg2
import pytest

import contract
from accounts_test import code_of, step

PASSWORD = "a long walk at night"

RECORDED = {
    "signUp": "user.create", "createUser": "user.create", "createStudent": "user.create",
    "changeMe": "user.update", "changeUser": "user.update",
    "suspendUser": "user.suspend", "restoreUser": "user.restore", "linkChild": "parent.link",
    "unlinkChild": "parent.unlink", "unlinkParent": "parent.unlink", "changeMyProfile": "profiles.update",
    "changePreferences": "preferences.update", "giveConsent": "consent.give", "withdrawConsent": "consent.withdraw",
    "askForData": "data.export", "erasePerson": "data.erasure", "createApiKey": "api_key.create",
    "revokeApiKey": "api_key.revoke", "changePassword": "password.change", "confirmSecondFactor": "second_factor.confirm",
    "removeSecondFactor": "second_factor.remove", "resetSecondFactor": "second_factor.remove",
    "renewRecoveryCodes": "recovery_codes.renew", "joinClass": "enrolment.add", "enrolStudent": "enrolment.add",
    "removeStudent": "enrolment.remove", "importRoster": "roster.import", "deleteClass": "class.delete",
    "markAttendance": "attendance.mark", "deleteMeeting": "meeting.delete", "gradeSubmission": "grade.graded",
    "giveGrade": "grade.graded", "returnSubmission": "grade.returned", "submitAttempt": "attempt.submit",
    "createGradeCategory": "grade_category.create", "changeGradeCategory": "grade_category.change",
    "deleteGradeCategory": "grade_category.delete", "changeAssignment": "assignment.change",
    "deleteAssignment": "assignment.delete",
}
SHOWN = {
    "verifyEmail", "answerAsGuardian", "withdrawAsGuardian", "startDataRequestAnew",  # privacy_test.py
    "resetPassword", "finishProviderLogIn", "finishLink", "removeLink", "confirmEnrolment",  # the same entries, from specs
    "createSchool", "handInAgain",
}
UNRECORDED = {
    "a log-in is a row of its own, which tells from where": {
        "logIn", "refresh", "logOut", "logOutEverywhere", "endSession", "showSecondFactor", "enrolSecondFactor",
        "beginProviderLogIn", "beginLink"},
    "asks for something; what comes of it is recorded": {
        "askGuardian", "askEmailVerification", "forgotPassword", "beginSecondFactor", "makeMyLinkCode", "makeLinkCode"},
    "the school's material or calendar, not about a person": {
        "createClass", "changeClass", "rotateJoinCode", "createCourse", "changeCourse", "deleteCourse", "assignCourse",
        "unassignCourse", "createLesson", "generateLesson", "changeLesson", "deleteLesson", "submitLesson",
        "rejectLesson", "approveLesson", "replaceScene", "replaceObjectives", "replacePrerequisites", "restoreVersion",
        "setLessonDates", "clearLessonDates", "createMeeting", "changeMeeting", "createPromptTemplate",
        "changePromptTemplate", "deletePromptTemplate", "createQuiz", "changeQuiz", "deleteQuiz", "createAssignment",
        "uploadMedia", "changeMedia", "deleteMedia", "attachLessonMedia", "detachLessonMedia", "attachClassMedia",
        "detachClassMedia", "attachAssignmentMedia", "detachAssignmentMedia", "resumeRun", "cancelRun", "changeMySchool", "changeSchool"},
    "work on the way to a grade": {
        "attachSubmissionMedia", "detachSubmissionMedia", "handIn", "saveAnswers", "startAttempt", "startAssignedAttempt"},
}


def test_every_operation_that_changes_something_is_recorded_or_says_why_not(product):
    document = contract.Document(product.call("api", "GET", "/openapi.json").json)
    changing = {operation["operationId"] for _, method, operation in document.operations() if method not in ("GET", "HEAD")}
    silent = set().union(*UNRECORDED.values())
    assert changing - RECORDED.keys() - SHOWN - silent == set(), "say what these leave in the audit log, or why nothing"
    assert (RECORDED.keys() | SHOWN | silent) - changing == set(), "there are no such operations"


class Office:
    """Does things and looks for what they leave in the log."""

    def __init__(self, product):
        self.product, self.done = product, set()
        store = product.stores.environment()
        connection = psycopg2.connect(host=store["PGHOST"], port=store["PGPORT"], user=store["PGUSER"],
                                      dbname="toolbox_education")
        connection.autocommit = True
        self.rows = connection.cursor()
        self.tokens, self.ids = {}, {}

    def count(self, action):
        self.rows.execute("select count(*) from audit_entries where action = %s", (action,))
        return self.rows.fetchone()[0]

    def call(self, who, method, path, body=None, **headers):
        if method in ("PUT", "PATCH"):
            headers.setdefault("If_Match", "*")
        answer = self.product.call("api", method, "/api/v1" + path, body, self.tokens.get(who), **headers)
        assert answer.status < 300, (who, method, path, answer)
        return answer.json if answer.body else None

    def record(self, operation, who, method, path, body=None, **headers):
        action = RECORDED[operation]
        before = self.count(action)
        found = self.call(who, method, path, body, **headers)
        assert self.count(action) > before, f"{operation} has left no entry {action}"
        self.done.add(operation)
        return found

    def log_in(self, who, login, password=PASSWORD):
        opened = self.call(None, "POST", "/auth/log-in", {"login": login, "password": password})
        self.tokens[who], self.ids[who] = opened["access_token"], opened["user"]["id"]

    def newcomer(self, who, role):
        login = f"{who}-{secrets.token_hex(6)}"
        self.record("createUser", "admin", "POST", "/users", {"login": login, "password": PASSWORD, "name": who,
                                                              "role": role, "birth_date": "2005-05-01"})
        self.log_in(who, login)


@pytest.fixture(scope="module")
def office(product):
    made = Office(product)
    made.log_in("admin", "admin", "admin-password-1")
    made.newcomer("teacher", "teacher")
    made.newcomer("student", "student")
    opened = made.record("signUp", None, "POST", "/auth/sign-up", {
        "login": f"parent-{secrets.token_hex(6)}", "password": PASSWORD, "name": "P", "role": "parent",
        "birth_date": "1985-05-01"})
    made.tokens["parent"], made.ids["parent"] = opened["access_token"], opened["user"]["id"]
    return made


def people(office):
    student = f"/users/{office.ids['student']}"
    office.record("createStudent", "teacher", "POST", "/students", {"login": f"pupil-{secrets.token_hex(6)}",
                                                                    "password": PASSWORD, "name": "P"})
    office.record("changeMe", "student", "PATCH", "/me", {"name": "S"})
    office.record("changeUser", "admin", "PATCH", student, {"name": "T"})
    office.record("changeMyProfile", "student", "PATCH", "/me/profile", {"about": "stamps"})
    office.record("changePreferences", "student", "PATCH", "/me/preferences", {"theme": "dark"})
    for operation, who, path in (("unlinkChild", "parent", f"/me/children/{office.ids['student']}"),
                                 ("unlinkParent", "admin", f"{student}/parents/{office.ids['parent']}")):
        code = office.call("student", "POST", "/me/link-code")["code"]
        office.record("linkChild", "parent", "POST", "/me/children", {"code": code})
        office.record(operation, who, "DELETE", path)
    given = office.record("giveConsent", "student", "POST", f"{student}/consents", {"kind": "research"})
    office.record("withdrawConsent", "student", "POST", f"{student}/consents/{given['id']}/withdraw")
    office.record("askForData", "student", "POST", f"{student}/data-requests")


def keys(office):
    key = office.record("createApiKey", "teacher", "POST", "/api-keys", {"name": "k", "scopes": ["classes:read"]})
    office.record("revokeApiKey", "teacher", "DELETE", f"/api-keys/{key['id']}")
    office.record("changePassword", "teacher", "POST", "/me/password",
                  {"current_password": PASSWORD, "password": "another long walk"})
    again = {"password": "another long walk"}
    for operation, who, path, body in (
            ("removeSecondFactor", "teacher", "/me/second-factor/remove", again),
            ("resetSecondFactor", "admin", f"/users/{office.ids['teacher']}/second-factor/reset", None)):
        secret = office.call("teacher", "POST", "/me/second-factor", again)["secret"]
        office.record("confirmSecondFactor", "teacher", "POST", "/me/second-factor/confirm",
                      {"code": code_of(secret, step())})
        office.record("renewRecoveryCodes", "teacher", "POST", "/me/second-factor/recovery-codes", again)
        office.record(operation, who, "POST", path, body)


def classes(office):
    group = office.call("teacher", "POST", "/classes", {"name": "5b", "subject": "Science", "grade": 5})
    path, student = f"/classes/{group['id']}", office.ids["student"]
    office.record("joinClass", "student", "POST", "/classes/join", {"code": group["join_code"]})
    office.record("removeStudent", "teacher", "DELETE", f"{path}/students/{student}")
    office.record("enrolStudent", "teacher", "POST", f"{path}/students", {"student_id": student})
    text = f"sourcedId,status,enabledUser,username,givenName,familyName\r\n{secrets.token_hex(6)},active,true," \
           f"r{secrets.token_hex(6)},Ro,Ster\r\n"
    body = (f"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"users.csv\"\r\nContent-Type: text/csv"
            f"\r\n\r\n{text}\r\n--x--\r\n").encode()
    office.record("importRoster", "teacher", "POST", f"{path}/roster", body,
                  Content_Type="multipart/form-data; boundary=x")
    meeting = office.call("teacher", "POST", "/meetings", {
        "class_id": group["id"], "weekday": 1, "starts_at": "09:00", "minutes": 45, "time_zone": "Europe/Berlin",
        "from_date": "2026-01-01"})
    office.record("markAttendance", "teacher", "PUT", f"/meetings/{meeting['id']}/attendance/2026-01-05",
                  {"entries": [{"student_id": student, "state": "late"}]})
    office.record("deleteMeeting", "teacher", "DELETE", f"/meetings/{meeting['id']}")
    return group


def grades(office, group):
    category = office.record("createGradeCategory", "teacher", "POST", "/grade-categories",
                             {"class_id": group["id"], "name": "Tests", "weight": 50})
    office.record("changeGradeCategory", "teacher", "PATCH", f"/grade-categories/{category['id']}", {"weight": 40})
    office.record("deleteGradeCategory", "teacher", "DELETE", f"/grade-categories/{category['id']}")

    def assignment(**more):
        return office.call("teacher", "POST", "/assignments", {"class_id": group["id"], "title": "W", **more})["id"]
    essay, oral, mistake = assignment(), assignment(), assignment()
    office.record("changeAssignment", "teacher", "PATCH", f"/assignments/{essay}", {"late_penalty": 10})
    office.record("deleteAssignment", "teacher", "DELETE", f"/assignments/{mistake}")
    work = office.call("student", "POST", f"/assignments/{essay}/submissions", {"content": "Rain."})
    office.record("gradeSubmission", "teacher", "PUT", f"/submissions/{work['id']}/grade", {"score": 80})
    office.record("returnSubmission", "teacher", "POST", f"/submissions/{work['id']}/return", {"feedback": "More."})
    office.record("giveGrade", "teacher", "POST", f"/assignments/{oral}/grades",
                  {"student_id": office.ids["student"], "score": 90})
    quiz = office.call("teacher", "POST", "/quizzes", {"title": "Q", "questions": [
        {"kind": "true_false", "prompt": "Rain is dry.", "answer": {"value": False}}]})
    test = assignment(quiz_id=quiz["id"])
    attempt = office.call("student", "POST", f"/assignments/{test}/attempts")
    office.record("submitAttempt", "student", "POST", f"/attempts/{attempt['id']}/submit", {"answers": []})


def test_every_change_leaves_an_entry(office, product):
    people(office)
    keys(office)
    group = classes(office)
    grades(office, group)
    office.record("deleteClass", "teacher", "DELETE", f"/classes/{group['id']}")
    student = f"/users/{office.ids['student']}"
    office.record("suspendUser", "admin", "POST", f"{student}/suspend")
    office.record("restoreUser", "admin", "POST", f"{student}/restore")
    office.record("erasePerson", "admin", "POST", f"{student}/erasure", {"password": "admin-password-1"})
    assert office.done == RECORDED.keys()
    entries = office.call("admin", "GET", f"/audit?subject_id={office.ids['student']}&limit=100")["items"]
    assert {"user.create", "user.suspend", "consent.give", "parent.link"} <= {entry["action"] for entry in entries}
    verified = product.command("audit", "--config", product.config, "verify")
    assert verified.returncode == 0, verified
