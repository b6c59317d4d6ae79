"""The command line and the life of the processes: start, refusal, status, stop, upgrade."""
import json
import os
import shutil
import signal
import socket

import daemon as daemons
import pytest
from load import Load

pytestmark = pytest.mark.core

ROOT = daemons.ROOT


def one_line(text):
    return len(text.strip().splitlines()) == 1


@pytest.fixture
def offline(tmp_path):
    """A daemon that is never started, for commands that need none."""
    return daemons.Conformance(tmp_path)


def test_version_and_help(offline):
    version = offline.command("version")
    assert version.returncode == 0 and version.stdout.startswith("toolboxd ")
    assert offline.command("--help").returncode == 0
    for command in "serve check reload status stop migrate run test version".split():
        told = offline.command(command, "--help")
        assert told.returncode == 0 and command in told.stdout, (command, told)


@pytest.mark.parametrize("arguments", [
    ["nonsense"], ["serve", "--nonsense"], ["reload", "--nonsense"], ["serve", "--config"],
    ["check", "--config", "/nowhere/x.lua"],
])
def test_wrong_use_is_one_line_and_exit_2(offline, arguments):
    done = offline.command(*arguments)
    assert done.returncode == 2, done
    assert done.stdout == "" and one_line(done.stderr), done


CONFIGURATIONS = {
    "unknown": ('return { body_limt = "1 MiB" }', ["body_limt"]),
    "wrong type": ("return { max_connections = true }", ["max_connections", "number"]),
    "no size": ('return { body_limit = "3 apples" }', ["body_limit", "size"]),
    "no duration": ('return { idle_timeout = "soon" }', ["idle_timeout", "duration"]),
    "below the bounds": ("return { max_connections = -1 }", ["max_connections", "at least 1"]),
    "not in the list": ('return { log_level = "loud" }', ["log_level", "debug"]),
    "syntax": ("return {", ["x.lua:1"]),
    "raises": ('error("no")', ["x.lua:1"]),
    "no table": ("return 1", ["table"]),
}


@pytest.mark.parametrize("command", ["check", "serve"])
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_bad_configuration_names_file_key_and_what_was_expected(offline, tmp_path, command, name):
    text, words = CONFIGURATIONS[name]
    folder = tmp_path / "config"
    folder.mkdir()
    shutil.copy(ROOT / "config" / "default.lua", folder)
    (folder / "x.lua").write_text(text)
    done = offline.command(command, "--config", str(folder / "x.lua"))
    assert done.returncode == 2 and one_line(done.stderr), done
    for word in ["x.lua"] + words:
        assert word in done.stderr, done.stderr


def test_check_prints_the_effective_configuration_with_secrets_masked(offline, tmp_path):
    secret = "a-secret-that-must-not-be-printed-0123456789"
    (tmp_path / "secret").write_text(secret + "\n")
    offline.extra.update(TOOLBOX_TOKEN_SECRET_FILE=str(tmp_path / "secret"), TOOLBOX_BODY_LIMIT="123 KiB")
    done = offline.command("check", "--config", offline.config)
    assert done.returncode == 0, done
    assert secret not in done.stdout + done.stderr
    assert "token_secret" in done.stdout and str(123 * 1024) in done.stdout


def test_an_environment_variable_out_of_bounds_names_itself(offline):
    offline.extra["TOOLBOX_BODY_LIMIT"] = "huge"
    done = offline.command("check", "--config", offline.config)
    assert done.returncode == 2 and "TOOLBOX_BODY_LIMIT" in done.stderr and one_line(done.stderr)


def test_commands_without_a_server_say_so(offline):
    for command in ("reload", "status", "stop"):
        done = offline.command(command)
        assert done.returncode == 1 and one_line(done.stderr), done


def test_status_and_stop(conformance):
    daemon = conformance()
    told = daemon.status()
    assert told.returncode == 0 and "generation" in told.stdout, told
    assert daemon.command("stop").returncode == 0
    assert daemon.process.wait(daemons.DEADLINE) == 0
    assert not os.path.exists(daemon.control)


def refused(daemon, word):
    daemon.spawn()
    assert daemon.process.wait(daemons.DEADLINE) not in (0, None)
    assert word in daemon.tail() and one_line(daemon.tail()), daemon.tail()


def test_a_port_that_anybody_listens_on_is_refused(conformance):
    running = conformance()
    second = conformance(start=False, environment={"TOOLBOX_LISTEN": f"127.0.0.1:{running.port}"})
    refused(second, str(running.port))
    # SO_REUSEPORT of a stranger lets nobody share a port either.
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = stranger.getsockname()[1]
        third = conformance(start=False, environment={"TOOLBOX_LISTEN": f"127.0.0.1:{port}"})
        refused(third, str(port))
    assert running.get("/healthz").body == b"ok"


def test_a_control_socket_in_use_is_refused_and_a_stale_one_is_not(conformance):
    running = conformance()
    second = conformance(start=False, environment={"TOOLBOX_CONTROL": running.control})
    second.extra["TOOLBOX_CONTROL"] = running.control
    refused(second, "control")
    os.killpg(running.process.pid, signal.SIGKILL)
    running.process.wait()
    daemons.wait_for(lambda: not running.family(), "the end of the workers")
    third = conformance(start=False)
    third.control = running.control
    third.start()
    assert third.status().returncode == 0


def test_a_script_that_does_not_load_refuses_the_start(conformance):
    daemon = conformance(tree=True, start=False)
    daemon.tree.write("tests/conformance/answer.lua", "return = 1\n")
    daemon.spawn()
    assert daemon.process.wait(daemons.DEADLINE) == 1
    assert "answer.lua:1" in daemon.tail()


def refuses(daemon):
    try:
        daemon.http().close()
        return False
    except ConnectionRefusedError:
        return True


def test_sigterm_drains(conformance):
    daemon = conformance(workers=1)
    with daemon.http() as busy, daemon.http() as idle, daemon.websocket() as ws:
        assert idle.get("/healthz").status == 200
        assert ws.ask("x") == "x"
        busy.send("GET /answer HTTP/1.1\r\nHost: test\r\n\r\nGET /sleep?ms=3000 HTTP/1.1\r\nHost: test\r\n\r\n")
        assert busy.response().body == b"1"
        daemon.process.send_signal(signal.SIGTERM)
        assert idle.is_closed() and idle.data == b""
        assert ws.close_code() == 1001
        daemons.wait_for(lambda: refuses(daemon), "the refusal of connections that nobody would serve")
        assert daemon.process.poll() is None and busy.data == b""
        assert busy.response().body == b"1"
        assert busy.is_closed()
    assert daemon.process.wait(daemons.DEADLINE) == 0
    assert daemons.wait_for(lambda: not daemon.family(), "the end of the workers")


def test_kill_9_of_the_master_ends_its_workers_and_frees_the_port(conformance):
    daemon = conformance()
    workers = daemon.worker_pids()
    daemon.process.kill()
    daemon.process.wait()
    daemons.wait_for(lambda: not any(map(daemons.alive, workers)), "the end of the workers")
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.1", daemon.port))


def test_sigusr2_upgrades_in_place_and_loses_no_request(conformance):
    daemon = conformance()
    workers = daemon.worker_pids()
    with daemon.websocket() as ws:
        with Load(daemon, requests=4, sockets=0) as load:
            daemon.process.send_signal(signal.SIGUSR2)
            assert ws.close_code() == 1012
            daemons.wait_for(lambda: not any(map(daemons.alive, workers)), "the end of the old workers")
            assert len(daemon.worker_pids()) == daemon.workers_wanted
        assert load.failures == []
    assert daemon.status().returncode == 0


def test_every_log_line_is_json_and_says_which_code_ran(conformance):
    daemon = conformance(tree=True, access_log="true")
    daemon.get("/healthz")
    assert daemon.reload().returncode == 0
    daemon.get("/answer")
    daemon.stop()
    lines = daemon.lines()
    assert lines and not [line for line in lines if line["level"] == "unreadable"], lines
    requests = [line for line in lines if "/answer" in json.dumps(line)]
    assert requests and all("generation" in line for line in requests), lines


def test_after_a_rotation_all_processes_write_to_the_new_log(conformance):
    daemon = conformance(start=False, access_log="true")
    log, old = daemon.folder / "rotated.log", daemon.folder / "rotated.log.1"
    daemon.extra["TOOLBOX_LOG_FILE"] = str(log)
    daemon.start()
    daemon.worker_pids()  # each has answered, and so written
    log.rename(old)
    daemon.process.send_signal(signal.SIGUSR1)

    def writers():
        daemon.get("/healthz")
        lines = log.read_text().splitlines() if log.exists() else []
        return {json.loads(line)["worker"] for line in lines if "/healthz" in line}
    daemons.wait_for(lambda: len(writers()) == daemon.workers_wanted, "lines of all workers in the new file")
    before = old.read_text()
    daemon.worker_pids()
    assert old.read_text() == before


def test_scripts_may_crash_their_worker_only_where_drills_are_wanted(conformance):
    daemon = conformance(fault_drills="false")
    pids = daemon.worker_pids()
    assert daemon.get("/crash").status == 500
    assert daemon.worker_pids() == pids
