"""Scripts change while they run: nothing is lost, state stays, and what is broken changes nothing."""
import os
import pathlib
import signal
import subprocess
import time

import daemon as daemons
import pytest
import wire
from load import Load

pytestmark = pytest.mark.core

ANSWER = "tests/conformance/answer.lua"


def put(daemon, text):
    daemon.tree.write(ANSWER, f'return "{text}"\n')


def reload(daemon):
    done = daemon.reload()
    assert done.returncode == 0, (done.stdout, done.stderr, daemon.tail())
    return done


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def memory(pid):
    """Private memory in KiB."""
    rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Private_"))


def test_two_hundred_reloads_under_load_lose_nothing(conformance, record_property):
    """With the figures: requests and messages answered, descriptors and memory before and after."""
    daemon = conformance(tree=True)
    rounds = 200
    with Load(daemon) as load:
        for n in range(20):  # warm: what is allocated once is allocated now
            put(daemon, f"warm-{n}")
            reload(daemon)
    assert load.failures == []
    workers = daemon.worker_pids()
    before = {pid: (descriptors(pid), memory(pid)) for pid in workers}

    began = time.monotonic()
    with Load(daemon) as load:
        for n in range(rounds):
            put(daemon, f"answer-{n}")
            reload(daemon)
            # From here on nobody gets the old answer, on a new connection of either worker.
            for _ in range(3):
                assert daemon.get("/answer").body == b"answer-%d" % n
    took = time.monotonic() - began
    assert load.failures == []
    assert daemon.worker_pids() == workers, "a worker was replaced"

    def settled():
        return all(descriptors(pid) <= before[pid][0] + 1 for pid in workers)
    daemons.wait_for(settled, f"the old number of descriptors {before}")
    after = {pid: (descriptors(pid), memory(pid)) for pid in workers}
    for pid in workers:
        assert after[pid][1] <= before[pid][1] * 1.25 + 4096, (before, after)
    figures = (f"{rounds} reloads in {took:.1f} s, {load.answered} requests and {load.echoed} messages answered, "
               f"0 lost; per worker (descriptors, private KiB) before {list(before.values())}, "
               f"after {list(after.values())}")
    record_property("figures", figures)
    print(figures)


def test_a_socket_keeps_its_state_and_gets_the_new_code(conformance):
    daemon = conformance(tree=True)
    with daemon.websocket("/ws/answer") as ws:
        assert [ws.ask("a"), ws.ask("b")] == ["1 1", "1 2"]
        put(daemon, "new")
        reload(daemon)
        assert [ws.ask("c"), ws.ask("d")] == ["new 3", "new 4"]


def test_a_message_whose_first_fragment_came_before_the_reload(conformance):
    daemon = conformance(tree=True)
    with daemon.websocket("/ws/answer") as ws, daemon.websocket("/ws") as echo:
        ws.ask("a")
        ws.frame(wire.TEXT, "first ", fin=False)
        echo.frame(wire.TEXT, "half a ch\xc3".encode("latin-1"), fin=False)
        put(daemon, "new")
        reload(daemon)
        ws.frame(0, "second")
        echo.frame(0, "\xa4racter".encode("latin-1"))
        assert ws.receive_text() == "new 2"
        assert echo.receive_text() == "half a chäracter"


def test_a_request_in_flight_ends_with_the_code_it_began_with(conformance):
    daemon = conformance(tree=True)
    with daemon.http() as http:
        # Pipelined: the answer to the first says that the second has been read and begins.
        http.send("GET /answer HTTP/1.1\r\nHost: test\r\n\r\nGET /sleep?ms=1500 HTTP/1.1\r\nHost: test\r\n\r\n")
        assert http.response().body == b"1"
        put(daemon, "new")
        reload(daemon)
        assert daemon.get("/answer").body == b"new"
        assert http.response().body == b"1"


BROKEN = {
    "a syntax error": ("return = 1\n", "answer.lua:1"),
    "an error at load": ('\nerror("broken on purpose")\n', "answer.lua:2"),
    "an endless loop at load": ("while true do end\n", "answer.lua"),
    "not a string": ("return 42\n", "expected a string"),
    "half saved": ('return "ans', "answer.lua:1"),
    "empty": ("", "expected a string"),
    "an accidental global": ('thing = "x"\nreturn "x"\n', "answer.lua:1"),
    "a module that is not there": ('return require "nowhere.to.be.found"\n', "nowhere"),
    "a way out": ('os.exit(0)\nreturn "x"\n', "answer.lua:1"),
    "a child process": ('io.popen("true")\nreturn "x"\n', "answer.lua:1"),
    "bytecode": ("\x1bLJ\x02\n\x02\x00", "answer.lua"),
}


@pytest.fixture(scope="module")
def editable(request, tmp_path_factory):
    """One daemon on a tree of its own for all refusals, since none of them may change it."""
    folder = tmp_path_factory.mktemp("editable")
    tree = daemons.Tree(folder / "tree", "tests/conformance")
    made = daemons.Conformance(folder, tree)
    made.tree = tree
    request.module.started_daemons = [made]
    try:
        yield made.start()
    finally:
        made.end()


def assert_refused(daemon, says):
    """A reload is refused with one useful line, and everything is as before."""
    generation = daemon.whoami()["generation"]
    with daemon.websocket("/ws/answer") as ws:
        before = ws.ask("x")
        done = daemon.reload()
        assert done.returncode == 1, (done.stdout, done.stderr)
        assert says in done.stderr, done.stderr
        assert (before, ws.ask("x")) == ("1 1", "1 2")
    assert daemon.get("/answer").body == b"1"
    assert daemon.whoami()["generation"] == generation


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_script_is_refused_and_changes_nothing(editable, name):
    text, says = BROKEN[name]
    try:
        editable.tree.write(ANSWER, text)
        assert_refused(editable, says)
    finally:
        put(editable, "1")
    reload(editable)


def test_a_missing_script_is_refused(editable):
    (editable.tree / ANSWER).unlink()
    try:
        assert_refused(editable, "answer")
    finally:
        put(editable, "1")
    reload(editable)


@pytest.mark.parametrize("change, says", [
    (("return {", "return {{"), "conformance.lua"),
    (('body_limit = "16 MiB"', 'body_limit = "a lot"'), "body_limit"),
    (('body_limit = "16 MiB"', 'body_limt = "16 MiB"'), "body_limt"),
    (('access_log = false', 'lua_memory = "128 MiB", access_log = false'), "lua_memory"),
])
def test_a_broken_configuration_is_refused(editable, change, says):
    name = "config/conformance.lua"
    before = (editable.tree / name).read_text()
    assert change[0] in before
    editable.tree.write(name, before.replace(*change).replace('  lua_memory = "256 MiB",\n', "")
                        if says == "lua_memory" else before.replace(*change))
    try:
        assert_refused(editable, says)
    finally:
        editable.tree.write(name, before)
    reload(editable)


def test_a_reload_rereads_the_configuration(conformance):
    daemon = conformance(tree=True)
    name = "config/conformance.lua"
    text = (daemon.tree / name).read_text()
    daemon.tree.write(name, text.replace('body_limit = "16 MiB"', 'body_limit = 4'))
    with daemon.http() as http:
        assert http.request("POST", "/echo", body=b"12345").status == 200
    reload(daemon)
    with daemon.http() as http:
        assert http.request("POST", "/echo", body=b"12345").status == 413


def test_the_content_counts_not_the_time_stamp(conformance):
    daemon = conformance(tree=True)
    path = daemon.tree / ANSWER
    stamp = path.stat()
    path.write_text('return "2"\n')
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    reload(daemon)
    assert daemon.get("/answer").body == b"2"


def test_a_respawned_worker_runs_what_was_accepted_not_what_lies_on_disk(conformance):
    daemon = conformance(tree=True)
    put(daemon, "accepted")
    reload(daemon)
    daemon.tree.write(ANSWER, "return = broken\n")
    assert daemon.reload().returncode == 1
    old = daemon.worker_pids()
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    daemons.wait_for(lambda: not set(old) & set(daemon.family()), "new workers")
    for _ in range(20):
        assert daemon.get("/answer").body == b"accepted"


def test_sighup_reloads_too(conformance):
    daemon = conformance(tree=True)
    put(daemon, "hup")
    daemon.process.send_signal(signal.SIGHUP)
    daemons.wait_for(lambda: all(daemon.get("/answer").body == b"hup" for _ in range(8)), "the new answer")


def test_new_code_is_tried_by_a_process_that_gives_way_to_those_that_serve(conformance):
    daemon = conformance(tree=True, load_timeout=1)
    serving = {daemon.process.pid, *daemon.worker_pids()}
    daemon.tree.write(ANSWER, "while true do end\n")
    daemon.process.send_signal(signal.SIGHUP)
    daemons.wait_for(lambda: set(daemon.family()) - serving, "the candidate")
    (candidate,) = set(daemon.family()) - serving
    daemons.wait_for(lambda: os.getsid(candidate) == candidate, "its own session")
    assert {os.getpriority(os.PRIO_PROCESS, pid) for pid in serving} == {os.getpriority(os.PRIO_PROCESS, 0)}
    assert os.getpriority(os.PRIO_PROCESS, candidate) >= 5
    daemons.wait_for(lambda: not daemons.alive(candidate), "the end of the candidate")


def test_two_reloads_at_once_both_succeed(conformance):
    daemon = conformance(tree=True)
    put(daemon, "both")
    started = [subprocess.Popen([daemons.TOOLBOXD, "reload"], env=daemon.environment(), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    for one in started:
        out, err = one.communicate(timeout=daemons.DEADLINE)
        assert one.returncode == 0, (out, err)
    assert daemon.whoami()["generation"] >= 3
    assert daemon.get("/answer").body == b"both"


def test_a_stopped_worker_does_not_hold_a_reload_up(conformance):
    daemon = conformance(tree=True)
    stopped = daemon.worker_pids()[0]
    os.kill(stopped, signal.SIGSTOP)
    try:
        put(daemon, "new")
        reload(daemon)
        daemons.wait_for(lambda: stopped not in daemon.family(), "the stopped worker's replacement")
        for _ in range(20):
            assert daemon.get("/answer").body == b"new"
    finally:
        try:
            os.kill(stopped, signal.SIGCONT)
        except ProcessLookupError:
            pass


def test_watch_reloads_on_save_and_keeps_serving_when_broken(conformance):
    daemon = conformance(tree=True, start=False)
    daemon.start("--watch")
    put(daemon, "saved")
    daemons.wait_for(lambda: daemon.get("/answer").body == b"saved", "the saved answer")
    daemon.tree.write(ANSWER, "return = broken\n")
    daemons.wait_for(lambda: "answer.lua:1" in daemon.tail(), "the error in the terminal")
    assert daemon.get("/answer").body == b"saved"
    put(daemon, "mended")
    daemons.wait_for(lambda: daemon.get("/answer").body == b"mended", "the mended answer")
