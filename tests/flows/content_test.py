"""The content service: Ghost's Content API by hand and by the official client."""
import json
import subprocess
import urllib.parse

import pytest
import school

from daemon import ROOT

CLIENT = ROOT / "tests" / "support" / "clients" / "content.mjs"


@pytest.fixture(scope="module")
def place(product):
    made = school.School(product)
    made.published = made.approve(made.lesson())
    made.key = made.teacher.done("content", "POST", "/v1/keys", {"name": "Website"})["key"]
    return made


@pytest.fixture(scope="module")
def get(product, place):
    def ask(path, key=None, headers=(), **query):
        query = urllib.parse.urlencode({"key": key or place.key, **query})
        return product.call("content", "GET", f"/ghost/api/content/{path}?{query}", **dict(headers))
    return ask


def mine(posts, place):
    """The one post of this module's lesson: other modules may publish too."""
    found, = [post for post in posts if post["title"] == place.published["title"]
              and post["primary_author"]["id"] == place.author]
    return found


@pytest.fixture(scope="module")
def post(get, place):
    """The post of the published lesson, found by its author."""
    posts = get("posts/", include="authors,tags", limit="all").json["posts"]
    place.author = posts[0]["primary_author"]["id"]  # the newest
    return mine(posts, place)


def test_a_published_lesson_is_a_post(get, place, post):
    assert post["title"] == place.published["title"]
    for section in place.published["sections"]:
        assert section["heading"].replace("&", "&amp;") in post["html"]
    assert "<script" not in post["html"]
    assert [tag["name"] for tag in post["tags"]] == ["Science", "Grade 5"]
    assert post["primary_tag"]["slug"] == "science"
    assert len(post["id"]) == 24 and post["access"] is True and "status" not in post
    for by in (f"posts/{post['id']}/", f"posts/slug/{post['slug']}/"):
        answer = get(by)
        assert answer.status == 200 and answer.json["posts"][0]["uuid"] == post["uuid"]


def test_headers_and_conditional_requests(get):
    answer = get("posts/")
    assert answer.header("content-version") == "v5.130"
    assert answer.header("cache-control") == "public, max-age=0"
    again = get("posts/", headers={"If_None_Match": answer.header("etag")})
    assert (again.status, again.body) == (304, b"")
    cors = get("posts/", headers={"Origin": "https://site.example"})
    assert cors.header("access-control-allow-origin") == "*"


def test_pages_fields_and_filters(get, post):
    page = get("posts/", limit="1", fields="title,url").json
    assert page["meta"]["pagination"]["limit"] == 1 and set(page["posts"][0]) == {"title", "url"}
    assert get("posts/", page="9999").json["posts"] == []
    found = get("posts/", filter=f"slug:{post['slug']}+tag:science+featured:false").json["posts"]
    assert [one["id"] for one in found] == [post["id"]]
    assert get("posts/", filter="tag:nothing").json["meta"]["pagination"]["total"] == 0
    assert get("posts/", filter="status:draft").json["meta"]["pagination"]["total"] >= 1
    assert get("tags/", filter="visibility:public", include="count.posts").json["tags"][0]["count"]["posts"] >= 1
    assert get("settings/").json["settings"]["title"]
    assert get("pages/").json["pages"] == []


@pytest.mark.parametrize("path, query, status, kind, code", [
    ("posts/", {"key": "0" * 26}, 401, "UnauthorizedError", "UNKNOWN_CONTENT_API_KEY"),
    ("posts/", {"key": "nonsense"}, 401, "UnauthorizedError", "UNKNOWN_CONTENT_API_KEY"),
    ("posts/", {"filter": "tag:"}, 400, "BadRequestError", None),
    ("posts/", {"filter": "title:'\0'"}, 400, "BadRequestError", None),
    ("posts/", {"filter": "password:x"}, 400, "BadRequestError", None),
    ("posts/", {"limit": "ten"}, 422, "ValidationError", None),
    ("posts/", {"order": "title;drop"}, 422, "ValidationError", None),
    ("posts/slug/there-is-none/", {}, 404, "NotFoundError", None),
    ("posts/not-an-id/", {}, 422, "ValidationError", None),
    ("nothing/", {}, 404, "NotFoundError", None),
])
def test_failures_as_ghost_tells_them(get, path, query, status, kind, code):
    answer = get(path, **query)
    assert answer.status == status, answer
    error, = answer.json["errors"]
    assert (error["type"], error["code"]) == (kind, code) and error["message"]
    assert "no-store" in answer.header("cache-control")


def test_a_key_is_needed_once(product, place):
    missing = product.call("content", "GET", "/ghost/api/content/posts/")
    assert (missing.status, missing.json["errors"][0]["type"]) == (403, "NoPermissionError")
    twice = product.call("content", "GET", f"/ghost/api/content/posts/?key={place.key}&key={place.key}")
    assert (twice.status, twice.json["errors"][0]["code"]) == (400, "INVALID_REQUEST")


def test_paths_without_a_slash_and_old_versions(product, place):
    moved = product.call("content", "GET", f"/ghost/api/content/posts?key={place.key}")
    assert (moved.status, moved.header("location")) == (301, f"/ghost/api/content/posts/?key={place.key}")
    old = product.call("content", "GET", f"/ghost/api/v4/content/posts/?key={place.key}")
    assert old.status == 200 and old.header("deprecation") == 'version="v4"'


def test_only_teachers_make_keys(place):
    assert place.students[0].call("content", "POST", "/v1/keys", {"name": "Mine"}).status == 403


def test_the_official_client(product, place, post):
    done = subprocess.run(["node", CLIENT, product.url("content"), place.key, post["slug"]], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["read"]["title"] == place.published["title"] and told["read"]["plaintext"]
    assert told["read"]["primary_author"]["name"] == "A teacher"
    assert told["browse"]["posts"] and told["browse"]["meta"]["pagination"]["limit"] == 1
    assert "science" in [tag["slug"] for tag in told["tags"]]
    assert told["authors"] and told["settings"]["url"].startswith("http://")
    assert told["missing"]["name"] == "NotFoundError" and "cannot read post" in told["missing"]["message"]
    assert told["badFilter"]["name"] == "BadRequestError" and told["badKey"]["name"] == "UnauthorizedError"
