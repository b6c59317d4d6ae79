"""config/contract.lua with `toolboxd seed --contract`: what outside testers of the API run against."""
import pytest
from product import Installation

NAMES = ("teacher-a", "teacher-b", "student-a", "student-b", "parent-a", "parent-b", "admin", "spare")

# The contract's configuration on ports of this test's own.
ELSEWHERE = """
local contract = include("contract")
for name, port in os.getenv("TOOLBOX_TEST_PORTS"):gmatch("(%w+)=(%d+)") do
  if name == "admin" then
    contract.admin_listen = "127.0.0.1:" .. port
  else
    contract.services[name].listen = { "127.0.0.1:" .. port }
  end
end
return contract
"""


@pytest.fixture(scope="module")
def contract(request, stores, tmp_path_factory):
    made = Installation(tmp_path_factory.mktemp("contract"), stores, "elsewhere.lua")
    request.module.started_daemons = [made]
    try:
        made.tree.write("config/elsewhere.lua", ELSEWHERE)
        assert made.migrate("reset", "all").returncode == 0
        for _ in range(2):  # a second time it changes nothing
            done = made.command("seed", "--config", made.config, "--contract", timeout=120)
            assert done.returncode == 0, done
        yield made.start()
    finally:
        made.drop()


def log_in(contract, name):
    answer = contract.call("api", "POST", "/api/v1/auth/log-in", {"login": name, "password": f"{name}-password-1"})
    assert answer.status == 200, (name, answer)
    return answer


def test_everybody_logs_in_without_a_second_factor_and_sees_nobody_else(contract):
    for name in NAMES:
        token = log_in(contract, name).json["access_token"]
        people = contract.call("api", "GET", "/api/v1/users", token=token)
        if people.status == 200:
            assert [person["login"] for person in people.json["items"]] == [name], people
        else:
            assert people.status == 403, (name, people)
        for collection in ("classes", "courses", "lessons"):
            seen = contract.call("api", "GET", f"/api/v1/{collection}", token=token)
            assert seen.status == 200 and seen.json["items"] == [], (name, collection, seen)


def test_limits_are_1000_requests_a_second(contract):
    token = log_in(contract, "teacher-a").json["access_token"]
    limited = contract.call("api", "GET", "/api/v1/classes", token=token)
    assert limited.header("ratelimit-limit") == "1000", limited.headers
    assert limited.header("ratelimit-reset") == "1", limited.headers
    for _ in range(30):
        wrong = contract.call("api", "POST", "/api/v1/auth/log-in", {"login": "spare", "password": "wrong-password"})
        assert wrong.status == 401, wrong
    log_in(contract, "spare")
