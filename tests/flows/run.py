#!/usr/bin/python3
"""Runs the flows for tools/test: run.py --count FILE [PYTEST ARGUMENTS]

A test that fails runs once more, alone. If it passes then, it counts as passed and is named in a line
'flaky: NAME', so that a busy machine fails nothing and a flaw in a test stays in sight.
Leaves "PASSED FAILED" in FILE.
"""
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

HERE = pathlib.Path(__file__).resolve().parent


def pytest(report, arguments):
    return subprocess.run([sys.executable, "-m", "pytest", "-c", str(HERE / "pytest.ini"), "--rootdir", str(HERE),
                           f"--junit-xml={report}", "-v", "--durations=15", *arguments], stdin=subprocess.DEVNULL).returncode


def results(report):
    """Names that passed and that failed. An error while collecting has a name too."""
    passed, failed = [], []
    for case in xml.parse(report).iter("testcase"):
        module = case.get("classname").split(".")[-1]
        name = f"{module}.py::{case.get('name')}" if module else case.get("name")
        kinds = {child.tag for child in case}
        for told in case.iter("property"):  # what a test measured on the way
            print(f"{told.get('name')}: {name}: {told.get('value')}")
        if kinds & {"failure", "error"}:
            failed.append(name)
        elif "skipped" not in kinds:
            passed.append(name)
    return passed, failed


def main():
    count, arguments = sys.argv[2], sys.argv[3:]
    with tempfile.TemporaryDirectory() as folder:
        report = f"{folder}/report.xml"
        status = pytest(report, arguments)
        try:
            passed, failed = results(report)
        except (OSError, xml.ParseError):
            passed, failed = [], []
        if status not in (0, 1):  # 0: all passed, 1: some failed; anything else is pytest's own trouble
            failed.append(f"pytest itself (exit {status})")
        still = []
        for name in dict.fromkeys(failed):
            again = "::" in name and pytest(report, [str(HERE / name)]) == 0
            if again:
                print(f"flaky: {name} failed, then passed alone", flush=True)
                passed.append(name)
            else:
                print(f"FAIL {name}", flush=True)
                still.append(name)
    pathlib.Path(count).write_text(f"{len(passed)} {len(still)}\n")
    return 1 if still or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
