"""Rate limits: of each user, of addresses that log in, and without Redis."""
import subprocess
import uuid

import pytest

SETTINGS = {"rate_limit": 30, "auth_rate_limit": 40}
ENOUGH = 400  # far more requests than any limit here allows, however they fall on the workers and their windows


@pytest.fixture(scope="module", autouse=True)
def fresh_counts(product):
    """The flows before this one have the same address and the same Redis: what they did within this minute counts."""
    socket = product.stores.environment()["TOOLBOX_REDIS"].removeprefix("unix:")
    subprocess.run(["redis-cli", "-s", socket, "flushall"], check=True, capture_output=True, timeout=10)


def sign_up(product):
    login = f"teacher-{uuid.uuid4().hex[:12]}"
    answer = product.call("api", "POST", "/api/v1/auth/sign-up", {
        "birth_date": "2005-05-01",
        "login": login, "password": "correct horse", "name": "A teacher", "role": "teacher"})
    assert answer.status == 201, answer
    return answer.json["access_token"]


def exhaust(product, token, path="/api/v1/me"):
    for _ in range(ENOUGH):
        answer = product.call("api", "GET", path, None, token)
        if answer.status == 429:
            return answer
        assert answer.status == 200, answer
        assert 0 <= int(answer.header("ratelimit-remaining")) < int(answer.header("ratelimit-limit"))
    pytest.fail(f"{ENOUGH} requests were all answered")


def test_a_user_is_limited_and_others_are_not(product):
    greedy, modest = sign_up(product), sign_up(product)
    answer = exhaust(product, greedy)
    assert answer.json["code"] == "rate_limited"
    assert 1 <= int(answer.header("retry-after")) <= 60
    assert answer.header("ratelimit-remaining") == "0" and int(answer.header("ratelimit-limit")) == SETTINGS["rate_limit"]
    assert product.call("api", "GET", "/api/v1/me", None, modest).status == 200
    assert product.call("api", "GET", "/healthz").status == 200


def test_without_redis_each_worker_limits_by_itself(product, stores):
    user = sign_up(product)
    stores.stop("redis")
    try:
        exhaust(product, user)
        ready = product.call("api", "GET", "/readyz")
        assert ready.status == 503 and ready.header("retry-after")
    finally:
        stores.start("redis")


def test_guessing_tokens_is_limited_by_address(product):
    answers = [product.call("api", "GET", "/api/v1/me", None, "tbk_" + uuid.uuid4().hex) for _ in range(100)]
    assert {answer.status for answer in answers} == {401, 429}
    assert product.call("api", "GET", "/api/v1/me", None, sign_up(product)).status == 200  # others go on


def test_attempts_to_log_in_are_limited_by_address(product):
    for _ in range(ENOUGH):
        answer = product.call("api", "POST", "/api/v1/auth/refresh", {"refresh_token": "rt_nonsense"})
        if answer.status == 429:
            break
        assert answer.status == 401, answer
    assert answer.status == 429 and answer.header("retry-after")
