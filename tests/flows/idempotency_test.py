"""Idempotency-Key where it is hard: the process dies between the creation and its answer, twins in two workers, uploads."""
import concurrent.futures
import os
import signal
import subprocess
import uuid

import pytest

import daemon
import wire

CLASS = {"name": "Once", "subject": "Science", "grade": 5}

# One point of the creation at which it waits for a lock that the test holds: to kill the process there.
BEFORE_THE_ANSWER = "create trigger pause before insert or update on idempotency_keys for each row execute function pause()"
AT_THE_COMMIT = ("create constraint trigger pause after insert on classes deferrable initially deferred"
                 " for each row execute function pause()")
PAUSE = """create function pause() returns trigger language plpgsql as $$ begin
  perform pg_advisory_xact_lock_shared(4711); return new;
end $$"""
DATABASE = "toolbox_education"


def sign_up(product):
    answer = product.call("api", "POST", "/api/v1/auth/sign-up", {
        "birth_date": "1985-05-01", "login": f"teacher-{uuid.uuid4().hex[:12]}", "password": "correct horse",
        "name": "A teacher", "role": "teacher"})
    assert answer.status == 201, answer
    return answer.json["access_token"]


def pausing(product):
    return product.sql(DATABASE, "select count(*) from pg_locks where locktype = 'advisory' and objid = 4711"
                       " and not granted") != "0"


@pytest.fixture(params=[BEFORE_THE_ANSWER, AT_THE_COMMIT], ids=["before-the-answer", "at-the-commit"])
def pause(request, product):
    """Creations of classes wait there, until the function that it gives is called."""
    product.sql(DATABASE, PAUSE)
    product.sql(DATABASE, request.param)
    holder = subprocess.Popen(["psql", "-qAtX", "-d", DATABASE], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              env={**os.environ, **product.stores.environment()})
    holder.stdin.write("select 'held', pg_advisory_lock(4711);\n")
    holder.stdin.flush()
    assert holder.stdout.readline().startswith("held")

    def go_on():
        holder.stdin.close()
        holder.stdout.close()
        holder.wait()
    yield go_on
    if holder.returncode is None:
        go_on()
    product.sql(DATABASE, "drop function pause cascade")


def test_a_crash_after_the_creation_makes_no_second_object(product, pause):
    token, key = sign_up(product), uuid.uuid4().hex

    def create():
        return product.call("api", "POST", "/api/v1/classes", CLASS, token, Idempotency_Key=key)

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        first = pool.submit(insist, create)
        daemon.wait_for(lambda: pausing(product), "the creation to pause", 30)
        for pid in product.family():
            os.kill(pid, signal.SIGKILL)
        with pytest.raises((OSError, wire.Closed)):
            first.result()
    pause()
    again = daemon.wait_for(lambda: answered(create), "an answer of the new workers", 60)
    assert again.status == 201, again
    listed = product.call("api", "GET", "/api/v1/classes", None, token)
    assert [item["id"] for item in listed.json["items"]] == [again.json["id"]]


def insist(create):
    """The first answer that is not "the database is busy"."""
    while (answer := create()).status == 503:
        pass
    return answer


def answered(create):
    try:
        answer = create()
    except (OSError, wire.Closed):
        return None
    return answer if answer.status not in (409, 503) else None


def test_twins_in_two_workers_make_one_object(product):
    token, key = sign_up(product), uuid.uuid4().hex
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: product.call("api", "POST", "/api/v1/classes", CLASS, token,
                                                       Idempotency_Key=key), range(12)))
    assert {answer.status for answer in answers} == {201}, answers
    assert len({answer.body for answer in answers}) == 1
    assert sum(answer.header("idempotent-replayed") is None for answer in answers) == 1
    assert len(product.call("api", "GET", "/api/v1/classes", None, token).json["items"]) == 1


def test_a_body_is_the_same_however_its_json_is_written(product):
    token, key = sign_up(product), uuid.uuid4().hex

    def create(body):
        return product.call("api", "POST", "/api/v1/classes", body, token, Idempotency_Key=key,
                            Content_Type="application/json")
    first = create(b'{"name": "Once", "subject": "Science", "grade": 5}')
    again = create(b'{"grade":5, "subject":"Sc\\u0069ence","name":"Once"}')
    assert (first.status, again.status) == (201, 201) and again.body == first.body, again
    other = create(b'{"name": "Once", "subject": "Science", "grade": 6}')
    assert other.status == 422 and other.json["code"] == "key_reused", other


def test_a_repeated_sign_up_opens_one_account(product):
    key = uuid.uuid4().hex
    person = {"birth_date": "1985-05-01", "login": f"once-{uuid.uuid4().hex[:12]}", "password": "correct horse",
              "name": "A parent", "role": "parent"}

    def open_account(**changes):
        return product.call("api", "POST", "/api/v1/auth/sign-up", {**person, **changes}, Idempotency_Key=key)
    first, again = open_account(), open_account()
    assert first.status == 201 and (again.status, again.body) == (201, first.body), again
    assert again.header("location") == first.header("location") and again.header("etag") == first.header("etag")
    assert product.call("api", "GET", "/api/v1/me", None, again.json["access_token"]).status == 200
    other = open_account(name="Somebody else")
    assert other.status == 422 and other.json["code"] == "key_reused", other


def upload(product, token, content, key, boundary):
    body = (f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'.encode() + content
            + f"\r\n--{boundary}--\r\n".encode())
    return product.call("api", "POST", "/api/v1/media", body, token, Idempotency_Key=key,
                        Content_Type=f"multipart/form-data; boundary={boundary}")


def test_an_upload_is_known_by_its_content(product):
    token, key = sign_up(product), uuid.uuid4().hex
    head = bytes.fromhex("89504e470d0a1a0a")
    first = upload(product, token, head + b"a" * 60, key, "one")
    assert first.status == 201, first
    again = upload(product, token, head + b"a" * 60, key, "two")  # as a client does: another boundary each time
    assert again.status == 201 and again.body == first.body, again
    other = upload(product, token, head + b"b" * 60, key, "one")  # as long, and not the same
    assert other.status == 422 and other.json["code"] == "key_reused", other
    assert len(product.call("api", "GET", "/api/v1/media", None, token).json["items"]) == 1
