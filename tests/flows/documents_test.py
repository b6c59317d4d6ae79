"""The API's documents as tools read them that know nothing of us."""
import json
import os
import subprocess

import pytest

import browser as browsers
import daemon

REDOCLY = daemon.ROOT / "tools/web/node_modules/.bin/redocly"
ASYNCAPI = daemon.ROOT / "tests/support/clients/asyncapi.mjs"
SHOTS = os.environ.get("TOOLBOX_SCREENSHOTS")


@pytest.mark.parametrize("name", ["openapi", "asyncapi"])
def test_redocly_finds_no_error(product, tmp_path, record_property, name):
    document = tmp_path / "document.json"
    document.write_bytes(product.call("api", "GET", f"/{name}.json").body)
    done = subprocess.run([REDOCLY, "lint", "--format=json", document], cwd=tmp_path, stdin=subprocess.DEVNULL, text=True,
                          env={**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"},
                          capture_output=True, timeout=200)
    found = json.loads(done.stdout)
    assert done.returncode == 0 and found["totals"]["errors"] == 0, found["problems"]
    record_property("figures", f"redocly on {name}: {found['totals']}")


def test_the_live_topics_fit_the_specification(product, tmp_path):
    document = tmp_path / "asyncapi.json"
    document.write_bytes(product.call("api", "GET", "/asyncapi.json").body)
    done = subprocess.run(["node", ASYNCAPI, document], stdin=subprocess.DEVNULL, text=True, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["messages"] > 20 and found["problems"] == []


def test_the_reference_page_shows_operations_and_asks_nobody_else(product, record_property):
    with browsers.Browser() as browser:
        browser.open(product.url("api", "/docs"))
        browser.wait("!!document.querySelector('.opblock')")  # the first ones: others are drawn where one scrolls to
        browser.click(".opblock-summary-control")
        browser.wait("!!document.querySelector('.opblock.is-open .responses-table')")
        assert not browser.problems()
        asked = [event["params"]["request"]["url"] for event in browser.events
                 if event["method"] == "Network.requestWillBeSent"]
        assert product.url("api", "/openapi.json") in asked
        assert [url for url in asked if not url.startswith((product.url("api", "/"), "data:"))] == []
        if SHOTS:
            browser.screenshot(os.path.join(SHOTS, "docs.png"))
    record_property("figures", f"/docs: {len(asked)} requests, all to the API itself")
