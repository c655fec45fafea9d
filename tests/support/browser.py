"""A real browser: Chromium without a window, driven through the DevTools protocol over a pipe.

The pipe needs no port and no library, and a browser whose pipe is closed ends by itself.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
WHY_NOT = "needs Chromium, which is not installed here (Debian's package chromium)"

in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason=WHY_NOT)

FLAGS = [
    "--headless",
    "--no-sandbox",  # which root has none of; what is shown here we wrote ourselves
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-sync",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--no-first-run",
    "--no-default-browser-check",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
]

#: What a test waits for at the utmost; it goes on as soon as it sees what it waits for.
PATIENCE = 60.0

#: code and windowsVirtualKeyCode of keys whose text is not their name
_KEYS = {
    "Enter": ("Enter", 13, "\r"),
    "Escape": ("Escape", 27, ""),
    "Tab": ("Tab", 9, ""),
    "ArrowLeft": ("ArrowLeft", 37, ""),
    "ArrowUp": ("ArrowUp", 38, ""),
    "ArrowRight": ("ArrowRight", 39, ""),
    "ArrowDown": ("ArrowDown", 40, ""),
    "End": ("End", 35, ""),
    "Home": ("Home", 36, ""),
    "Backspace": ("Backspace", 8, ""),
    "/": ("Slash", 191, "/"),
    "?": ("Slash", 191, "?"),
}


class Browser:
    """A running Chromium with a profile of its own."""

    def __init__(self, profile: Path) -> None:
        assert CHROMIUM, WHY_NOT
        to_read, self._write = _pipe()
        self._read, to_write = _pipe()
        words = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        log = os.open(profile.parent / f"{profile.name}.log", os.O_WRONLY | os.O_CREAT, 0o600)
        actions = [
            (os.POSIX_SPAWN_DUP2, log, 1),
            (os.POSIX_SPAWN_DUP2, log, 2),
            (os.POSIX_SPAWN_DUP2, to_read, 3),  # where Chromium reads commands
            (os.POSIX_SPAWN_DUP2, to_write, 4),  # and answers
        ]
        self._pid = os.posix_spawn(CHROMIUM, words, dict(os.environ), file_actions=actions)
        for handle in (to_read, to_write, log):
            os.close(handle)
        self._buffer = b""
        self._number = 0
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, session: str | None = None, **parameters: Any) -> Any:
        """What the browser answers; raises `AssertionError` where it refuses."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._write, data) :]
        while True:
            answer = self.next()
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            self.events.append(answer)

    def next(self) -> dict[str, Any]:
        """The next message of the browser."""
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], PATIENCE)
            assert ready, "the browser says nothing any more"
            data = os.read(self._read, 1 << 20)
            assert data, "the browser has ended"
            self._buffer += data
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)  # type: ignore[no-any-return]

    @contextlib.contextmanager
    def page(self, address: str, width: int = 1280, height: int = 800, **media: str) -> Iterator[Page]:
        """A page in a context of its own: it shares no storage with other pages; media: ``color_scheme="dark"``."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        page = Page(self, context, address, (width, height), media)
        try:
            yield page
        finally:
            self.call("Target.disposeBrowserContext", browserContextId=context)
            page.forget()

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(OSError, AssertionError):
            self.call("Browser.close")
        os.close(self._write)
        os.close(self._read)
        deadline = time.monotonic() + PATIENCE
        while not os.waitpid(self._pid, os.WNOHANG)[0]:
            if time.monotonic() > deadline:
                os.kill(self._pid, signal.SIGKILL)
            time.sleep(0.02)


class Page:
    """A page as a visitor has it: eyes, keys and a mouse."""

    def __init__(
        self, browser: Browser, context: str, address: str, size: tuple[int, int], media: dict[str, str]
    ) -> None:
        self._browser, self._context = browser, context
        self._target = browser.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        self._session = browser.call("Target.attachToTarget", targetId=self._target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        features = [{"name": f"prefers-{name.replace('_', '-')}", "value": value} for name, value in media.items()]
        self.call("Emulation.setEmulatedMedia", features=features)
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)
        self.resize(*size)
        self.open(address)

    def call(self, method: str, **parameters: Any) -> Any:
        return self._browser.call(method, self._session, **parameters)

    @contextlib.contextmanager
    def beside(self, address: str) -> Iterator[Page]:
        """A second window of the same visitor."""
        page = Page(self._browser, self._context, address, (1280, 800), {})
        yield page
        self._browser.call("Target.closeTarget", targetId=page._target)
        page.forget()

    def forget(self) -> None:
        """Drop what the browser has told of this page, which no page has to look through any more."""
        events = self._browser.events
        events[:] = [event for event in events if event.get("sessionId", self._session) != self._session]

    def resize(self, width: int, height: int, scale: float = 1, *, mobile: bool = False) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=mobile
        )
        self.call("Emulation.setTouchEmulationEnabled", enabled=mobile)

    def open(self, address: str) -> None:
        """Go there and wait until the page has loaded."""
        for one in ("about:blank", address):  # without the first, another # is no other page
            loaded = len(self.seen("Page.loadEventFired"))
            self.call("Page.navigate", url=one)
            self._loaded(loaded)

    def reload(self) -> None:
        loaded = len(self.seen("Page.loadEventFired"))
        self.call("Page.reload")
        self._loaded(loaded)

    def _loaded(self, before: int) -> None:
        while len(self.seen("Page.loadEventFired")) == before:
            self.listen()

    def listen(self) -> None:
        """Wait for the next thing that the browser tells."""
        self._browser.events.append(self._browser.next())

    def seen(self, method: str) -> list[dict[str, Any]]:
        """What the browser has told of this page under that name."""
        return [
            event["params"]
            for event in self._browser.events
            if event.get("sessionId") == self._session and event["method"] == method
        ]

    def ask(self, expression: str) -> Any:
        """The value of an expression; a promise is waited for."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, expression: str) -> Any:
        """Wait until an expression is true; its value."""
        deadline = time.monotonic() + PATIENCE
        while not (value := self.ask(expression)):
            assert time.monotonic() < deadline, f"never came true: {expression}"
            time.sleep(0.02)
        return value

    def load_images(self, selector: str) -> int:
        """Scroll to one image after the other and wait until it is loaded; how many there are.

        Images that are loaded lazily and lie farther down than the browser looks ahead are not loaded before that,
        and how far it looks ahead differs from version to version.
        """
        images = f"document.querySelectorAll({json.dumps(selector)})"
        count: int = self.ask(f"{images}.length")
        for index in range(count):
            self.ask(f"{images}[{index}].scrollIntoView({{behavior: 'instant'}})")
            self.wait(f"{images}[{index}].naturalWidth")
        return count

    def key(self, *keys: str) -> None:
        """Press keys one after the other, by their names: ``Enter``, ``s``, ``/``."""
        for key in keys:
            code, number, text = _KEYS.get(key, (f"Key{key.upper()}", ord(key[0].upper()), key))
            about: dict[str, Any] = {"key": key, "code": code, "windowsVirtualKeyCode": number}
            self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **about)
            self.call("Input.dispatchKeyEvent", type="keyUp", **about)

    def write(self, text: str) -> None:
        """Write into what has the focus, as a keyboard or an input method does."""
        self.call("Input.insertText", text=text)

    def click(self, selector: str) -> None:
        """Click with the mouse into the middle of an element, which has to be in sight and uncovered there."""
        name = json.dumps(selector)
        self.ask(f"document.querySelector({name}).scrollIntoView({{block: 'nearest', behavior: 'instant'}})")
        at = self.ask(
            f"(() => {{ const one = document.querySelector({name}), box = one.getBoundingClientRect();"
            "const at = {x: box.x + box.width / 2, y: box.y + box.height / 2};"
            "const hit = document.elementFromPoint(at.x, at.y);"
            "return {...at, hit: one.contains(hit), by: hit?.outerHTML.slice(0, 200)} })()"
        )
        assert at["hit"], f"{selector} is covered by {at.get('by')}"
        self.point(at["x"], at["y"])

    def point_at(self, selector: str) -> None:
        """Move the mouse over an element."""
        one = f"document.querySelector({json.dumps(selector)})"
        self.ask(f"{one}.scrollIntoView({{block: 'nearest', behavior: 'instant'}})")
        middle = "(({x, y, width, height}) => [x + width / 2, y + height / 2])"
        x, y = self.ask(f"{middle}({one}.getBoundingClientRect())")
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def point(self, x: float, y: float) -> None:
        """Click with the mouse at that place, in CSS pixels."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def allow(self, *permissions: str) -> None:
        """Grant the page these permissions and no others."""
        self._browser.call("Browser.grantPermissions", permissions=list(permissions), browserContextId=self._context)

    def downloads(self, folder: Path) -> None:
        """Put what the visitor downloads there, and tell how it goes."""
        self._browser.call(
            "Browser.setDownloadBehavior",
            behavior="allow",
            downloadPath=str(folder),
            browserContextId=self._context,
            eventsEnabled=True,
        )

    def downloaded(self) -> None:
        """Wait until something has been downloaded."""
        while True:
            told = [event["params"] for event in self._browser.events if event["method"] == "Browser.downloadProgress"]
            if any(one["state"] == "completed" for one in told):
                return
            self.listen()

    def before(self, script: str) -> None:
        """Run that in every page that is opened from now on, before its own scripts."""
        self.call("Page.addScriptToEvaluateOnNewDocument", source=script)

    def picture(self, path: Path) -> None:
        """Write what is seen as a PNG."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def complaints(self) -> list[Any]:
        """What the browser had to say against the page: exceptions, errors on the console, what its policy forbade."""
        self.ask("0")  # what was said before this is here now
        console = [one for one in self.seen("Runtime.consoleAPICalled") if one["type"] in ("error", "warning")]
        logged = [one["entry"] for one in self.seen("Log.entryAdded") if one["entry"]["level"] != "verbose"]
        return [*self.seen("Runtime.exceptionThrown"), *console, *logged]

    def requests(self) -> list[str]:
        """The addresses that the page has asked for."""
        self.ask("0")
        return [one["request"]["url"] for one in self.seen("Network.requestWillBeSent")]


def _pipe() -> tuple[int, int]:
    """A pipe whose ends lie above those that a child finds at 0 to 4."""
    low = os.pipe()
    high = [fcntl.fcntl(handle, fcntl.F_DUPFD_CLOEXEC, 10) for handle in low]
    for handle in low:
        os.close(handle)
    return high[0], high[1]
