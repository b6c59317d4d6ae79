"""The API's documents as tools read them that know nothing of us."""
import json
import os
import subprocess

import daemon

REDOCLY = daemon.ROOT / "tools/web/node_modules/.bin/redocly"


def test_redocly_finds_no_error(product, tmp_path, record_property):
    document = tmp_path / "openapi.json"
    document.write_bytes(product.call("api", "GET", "/openapi.json").body)
    done = subprocess.run([REDOCLY, "lint", "--format=json", document], cwd=tmp_path, stdin=subprocess.DEVNULL, text=True,
                          env={**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"},
                          capture_output=True, timeout=200)
    found = json.loads(done.stdout)
    assert done.returncode == 0 and found["totals"]["errors"] == 0, found["problems"]
    record_property("figures", f"redocly: {found['totals']}")
