"""Headless Chromium by the DevTools protocol: as much of it as a page test needs."""
import base64
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import wire

DEADLINE = 60


class DevTools(wire.WebSocket):
    host = "localhost"  # Chromium refuses any other name


class Browser:
    """One tab. Use it in a with statement: the browser and its profile are gone at the end."""

    def __init__(self, width=1280, height=900):
        self.profile = tempfile.mkdtemp(prefix="toolbox-browser-")
        self.log = open(os.path.join(self.profile, "log"), "wb")
        self.process = subprocess.Popen(
            ["/usr/bin/chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", "--disable-extensions", "--disable-background-networking", "--disable-component-update",
             "--remote-debugging-port=0", f"--user-data-dir={self.profile}", f"--window-size={width},{height}",
             "about:blank"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, start_new_session=True,
            env={**os.environ, "HOME": self.profile})
        self.number = 0
        self.events = []
        try:
            self.connect()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.profile, ignore_errors=True)

    def connect(self):
        told = pathlib.Path(self.profile, "DevToolsActivePort")
        end = time.monotonic() + DEADLINE
        while not (told.exists() and len(told.read_text().split()) == 2):
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError("Chromium did not start: " +
                                     pathlib.Path(self.profile, "log").read_text(errors="replace")[-2000:])
            time.sleep(0.05)
        address = ("127.0.0.1", int(told.read_text().split()[0]))
        while True:
            with wire.Http(address, timeout=DEADLINE) as http:
                http.host = "localhost"
                pages = [t for t in json.loads(http.get("/json/list").body) if t["type"] == "page"]
            if pages:
                break
            time.sleep(0.05)
        self.socket = DevTools(address, "/devtools/page/" + pages[0]["id"], timeout=DEADLINE)
        assert self.socket.answer.status == 101, self.socket.answer
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.command(domain + ".enable")

    def command(self, method, **parameters):
        self.number += 1
        self.socket.frame(wire.TEXT, json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.receive_text())
            if message.get("id") == self.number:
                if "error" in message:
                    raise AssertionError(f"{method}: {message['error']}")
                return message["result"]
            self.events.append(message)

    def evaluate(self, script):
        """The value of a JavaScript expression; a promise is awaited."""
        result = self.command("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise AssertionError(f"{script}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait(self, script, deadline=DEADLINE):
        """Until a JavaScript expression is true."""
        end = time.monotonic() + deadline
        while True:
            try:
                value = self.evaluate(script)
            except AssertionError as broken:  # the page may be changing under the question
                if "Cannot find context" not in str(broken) and "navigated" not in str(broken):
                    raise
                value = None
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(f"{script} did not become true; the page says: "
                                     f"{self.evaluate('document.body.innerText')[:2000]}")
            time.sleep(0.1)

    def open(self, url):
        self.command("Page.navigate", url=url)
        self.wait(f"location.href.startsWith({json.dumps(url.split('#')[0].split('?')[0])}) && "
                  "document.readyState === 'complete'")

    def fill(self, selector, text):
        self.wait(f"!!document.querySelector({json.dumps(selector)})")
        self.evaluate(f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.focus(); "
                      f"e.value = {json.dumps(text)}; e.dispatchEvent(new Event('input', {{bubbles: true}})); "
                      "e.dispatchEvent(new Event('change', {bubbles: true})); })()")

    def click(self, selector):
        self.wait(f"!!document.querySelector({json.dumps(selector)})")
        self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

    def text(self):
        return self.evaluate("document.body.innerText")

    def problems(self):
        """What the console complained about: script errors and refused or missing resources."""
        self.evaluate("1")  # takes in what is on its way
        out = []
        for event in self.events:
            if event["method"] == "Runtime.exceptionThrown":
                out.append(event["params"]["exceptionDetails"].get("text", "exception"))
            elif event["method"] == "Runtime.consoleAPICalled" and event["params"]["type"] in ("error", "assert"):
                out.append(str([what.get("value", what.get("description")) for what in event["params"]["args"]]))
            elif event["method"] == "Log.entryAdded" and event["params"]["entry"]["level"] == "error":
                out.append(event["params"]["entry"]["text"])
        return out

    def screenshot(self, path):
        data = self.command("Page.captureScreenshot", format="png")["data"]
        pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
        pathlib.Path(path).write_bytes(base64.b64decode(data))
