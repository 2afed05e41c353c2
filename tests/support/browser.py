"""A real browser without a screen: Chromium, driven by its DevTools protocol over a pipe."""

import base64
import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading

from support.program import wait_until

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-extensions", "--hide-scrollbars",
         "--remote-debugging-pipe"]
TIMEOUT = 60  # seconds, for each command
# The page refreshes four times as often as for a reader, so that the tests take less time.
SHORT_TIMERS = "{ const later = setTimeout; setTimeout = (work, time) => later(work, Math.min(time, 500)); }"


class Browser:
    """One tab. `problems` has its errors and warnings, and `requests` the URL of each of its requests."""

    def __init__(self):
        self.problems, self.requests = [], []
        self.answers = {}
        self.events = queue.Queue()
        self.last_id = 0
        self.lock = threading.Lock()

    def start(self):
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_browser, ours = os.pipe()
        theirs, from_browser = os.pipe()
        # It reads commands from descriptor 3, and writes answers and events to 4.
        self.process = subprocess.Popen(
            ["sh", "-c", f'exec "$@" 3<&{to_browser} 4>&{from_browser}', "sh", PROGRAM, *OPTIONS,
             "--user-data-dir=" + self.folder.name, "about:blank"],
            pass_fds=(to_browser, from_browser), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.commands = os.fdopen(ours, "wb", buffering=0)
        self.output = os.fdopen(theirs, "rb", buffering=0)
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        self.session = None
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in targets if target["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
            self.call(domain + ".enable")
        self.call("Page.addScriptToEvaluateOnNewDocument", source=SHORT_TIMERS)

    def read(self):
        rest = b""
        while piece := self.output.read(1 << 20):
            *messages, rest = (rest + piece).split(b"\0")
            for message in messages:
                self.handle(json.loads(message))

    def handle(self, message):
        if "id" in message:
            self.answers.pop(message["id"]).put(message)
            return
        method, parameters = message["method"], message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.problems.append(parameters["exceptionDetails"])
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
            self.problems.append(parameters["args"])
        elif method in ("Log.entryAdded", "Audits.issueAdded"):
            self.problems.append(parameters)

    def call(self, method, **parameters):
        answer = queue.Queue()
        with self.lock:
            self.last_id += 1
            message = {"id": self.last_id, "method": method, "params": parameters}
            if self.session:
                message["sessionId"] = self.session
            self.answers[self.last_id] = answer
            self.commands.write(json.dumps(message).encode() + b"\0")
        result = answer.get(timeout=TIMEOUT)
        if "error" in result:
            raise AssertionError(f"{method}: {result['error']}")
        return result["result"]

    def open(self, address, has_script=True):
        self.call("Emulation.setScriptExecutionDisabled", value=not has_script)
        self.call("Page.navigate", url=address)
        wait_until(lambda: self.evaluate("document.readyState === 'complete' && location.href") == address)

    def evaluate(self, expression):
        """The value of a JavaScript expression, or of its promise."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise AssertionError(result["exceptionDetails"])
        return result["result"].get("value")

    def resize(self, width, height=900):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=False)

    def prefer(self, scheme):
        """Sets the preferred colour scheme: light or dark."""
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def screenshot(self, path):
        """Stores the complete page, beyond the viewport, as PNG."""
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))

    def close(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.commands.close()
        self.output.close()
        self.folder.cleanup()
