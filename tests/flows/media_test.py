"""Files that people upload: over the wire to the disk and back."""
import hashlib
import pathlib
import secrets

import pytest

import school

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489")
SETTINGS = {"media_limit": "300 KiB"}


@pytest.fixture(scope="module")
def owner(product):
    return school.Person(product, "teacher")


def form(content, filename="picture.png", name="file"):
    boundary = secrets.token_hex(12)
    body = (f"--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{filename}\"\r\n"
            f"Content-Type: text/html\r\n\r\n").encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return body, {"Content_Type": f"multipart/form-data; boundary={boundary}"}


def upload(owner, content, filename="picture.png", **headers):
    body, fields = form(content, filename)
    return owner.call("api", "POST", "/api/v1/media", body, **fields, **headers)


def stored(product):
    folder = pathlib.Path(product.extra["TOOLBOX_MEDIA_FOLDER"])
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def test_a_file_comes_back_as_it_was_and_as_nothing_that_runs(product, owner):
    content = PNG + secrets.token_bytes(200_000)
    made = upload(owner, content, "../../evil.html")
    assert made.status == 201, made
    told = made.json
    assert (told["type"], told["octets"], told["name"]) == ("image/png", len(content), "evil.png")
    assert upload(owner, content[:100], "a\x85b" + "é" * 200).json["name"] == "a b" + "é" * 177 + ".png"
    assert told["digest"] == hashlib.sha256(content).hexdigest()
    assert stored(product) >= {told["id"]}
    back = owner.call("api", "GET", f"/api/v1/media/{told['id']}/content")
    assert back.status == 200 and back.body == content
    assert back.header("content-type") == "image/png" and back.header("x-content-type-options") == "nosniff"
    assert back.header("content-disposition") == "attachment; filename=\"evil.png\"; filename*=UTF-8''evil.png"
    again = owner.call("api", "GET", f"/api/v1/media/{told['id']}/content", If_None_Match=back.header("etag"))
    assert again.status == 304 and again.body == b""
    head = owner.call("api", "HEAD", f"/api/v1/media/{told['id']}/content")
    assert head.status == 200 and head.body == b"" and head.header("etag") == back.header("etag")
    told_of = [{name: value for name, value in answer.headers if not name.startswith(("date", "ratelimit"))}
               for answer in (back, head)]
    assert told_of[0] == told_of[1], "HEAD says what GET says"
    for accept, status in (("image/*", 200), ("text/html, */*;q=0.1", 200), ("text/html", 406), ("image/png;q=0", 406)):
        got = owner.call("api", "GET", f"/api/v1/media/{told['id']}/content", Accept=accept)
        assert got.status == status, (accept, got)
    assert school.Person(product, "teacher").call("api", "GET", f"/api/v1/media/{told['id']}/content").status == 404
    assert owner.call("api", "DELETE", f"/api/v1/media/{told['id']}").status == 204
    assert owner.call("api", "GET", f"/api/v1/media/{told['id']}/content").status == 404
    assert told["id"] not in stored(product)


def test_a_part_of_a_file_may_be_asked_for(owner):
    content = PNG + secrets.token_bytes(150_000)
    made, size = upload(owner, content).json, len(content)

    def ask(method="GET", **headers):
        return owner.call("api", method, f"/api/v1/media/{made['id']}/content", **headers)
    whole = ask()
    assert whole.header("accept-ranges") == "bytes"
    for asked, first, last in (("bytes=0-0", 0, 0), ("bytes=100000-", 100_000, size - 1),
                               ("bytes=-10", size - 10, size - 1), (f"bytes=5-{size * 2}", 5, size - 1)):
        part = ask(Range=asked)
        assert (part.status, part.body) == (206, content[first:last + 1]), asked
        assert part.header("content-range") == f"bytes {first}-{last}/{size}"
    etag = whole.header("etag")
    assert ask(Range="bytes=1-2", If_Range=etag).status == 206
    assert ask(Range="bytes=1-2", If_Range='"another"').body == content
    assert ask(Range="bytes=1-2", If_None_Match=etag).status == 304
    for ignored in ("bytes=1-2,5-6", "lines=1-2", "bytes=x"):
        assert ask(Range=ignored).body == content, ignored
    beyond = ask(Range=f"bytes={size}-")
    assert (beyond.status, beyond.header("content-range")) == (416, f"bytes */{size}"), beyond
    assert beyond.json["code"] == "no_such_range"
    head = ask("HEAD", Range="bytes=1-2")
    assert (head.status, head.body) == (200, b"")


def test_what_is_not_allowed_leaves_nothing_behind(product, owner):
    before = stored(product)
    for content, status in ((b"<html><script>alert(1)</script>", 422), (b"", 422), (PNG + bytes(310 * 1024), 413)):
        refused = upload(owner, content)
        assert refused.status == status, refused
        if status == 422:
            assert refused.json["errors"][0]["pointer"] == "#/file", refused
    body, fields = form(PNG + bytes(1000))
    assert owner.call("api", "POST", "/api/v1/media", body[:-10], **fields).status == 400
    assert owner.call("api", "POST", "/api/v1/media", {"file": "x"}).status == 415
    assert stored(product) == before


def test_a_repeated_upload_makes_one_file(product, owner):
    key = secrets.token_hex(8)
    boundary_body, fields = form(PNG)
    answers = [owner.call("api", "POST", "/api/v1/media", boundary_body, Idempotency_Key=key, **fields)
               for _ in range(2)]
    assert [answer.status for answer in answers] == [201, 201]
    assert answers[0].json["id"] == answers[1].json["id"]
