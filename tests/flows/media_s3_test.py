"""Files that people upload, in an object store that speaks S3 and checks every signature."""
import hashlib
import secrets

import pytest

import product as support
import s3_server
import school
from media_test import PNG, form, upload

PART = 5 * 1024 * 1024


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    made = s3_server.S3Server(tmp_path_factory.mktemp("s3"))
    yield made
    made.end()


@pytest.fixture(scope="module")
def product(request, stores, bucket, tmp_path_factory):
    made = support.Product(tmp_path_factory.mktemp("product"), stores, workers=1,
                           environment={"TOOLBOX_TEST_S3": bucket.setting()})
    request.module.started_daemons = [made]
    try:
        yield made.prepare().start()
    finally:
        made.end()


@pytest.fixture(scope="module")
def owner(product):
    return school.Person(product, "teacher")


def content_of(owner, made, **headers):
    return owner.call("api", "GET", f"/api/v1/media/{made['id']}/content", **headers)


@pytest.mark.parametrize("size", [len(PNG), PART, 2 * PART + 1234])
def test_a_file_comes_back_whole_and_in_parts(bucket, owner, size):
    content = PNG + secrets.token_bytes(size - len(PNG))
    told = upload(owner, content)
    assert told.status == 201, told
    made = told.json
    assert (made["octets"], made["digest"]) == (size, hashlib.sha256(content).hexdigest())
    assert made["id"] in bucket.objects()
    back = content_of(owner, made)
    assert back.status == 200 and back.body == content
    part = content_of(owner, made, Range="bytes=10-29")
    assert (part.status, part.body, part.header("content-range")) == (206, content[10:30], f"bytes 10-29/{size}")
    assert content_of(owner, made, Range="bytes=-7").body == content[-7:]
    assert owner.call("api", "DELETE", f"/api/v1/media/{made['id']}").status == 204
    assert made["id"] not in bucket.objects() and content_of(owner, made).status == 404


def test_an_upload_that_breaks_off_leaves_nothing(bucket, owner):
    before = bucket.objects()
    body, fields = form(PNG + secrets.token_bytes(PART + 1000))
    assert owner.call("api", "POST", "/api/v1/media", body[:-10], **fields).status == 400
    assert bucket.objects() == before


def test_a_store_that_refuses_or_is_away_is_told_as_such(bucket, owner, stores, tmp_path):
    refused = support.Product(tmp_path, stores, workers=1, environment={"TOOLBOX_TEST_S3": bucket.setting(key="x")})
    try:
        refused.start()
        person = school.Person(refused, "teacher")
        answer = upload(person, PNG)
        assert (answer.status, answer.header("content-type")) == (503, "application/problem+json"), answer
        assert "SignatureDoesNotMatch" in refused.log.read_text()
    finally:
        refused.end()
    made = upload(owner, PNG).json
    bucket.end()
    assert content_of(owner, made).status == 503
    assert upload(owner, PNG).status == 503
