"""A window of Chromium, and everything that went wrong in it while a test used it."""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request, Response, ViewportSize

if TYPE_CHECKING:
    from collections.abc import Iterator

Theme = Literal["light", "dark"]
PHONE: Final = 390  # CSS pixels
WIDE: Final = 1280
HEIGHT: Final[dict[int, int]] = {PHONE: 844, WIDE: 800}
WAITS: Final = 5_000  # milliseconds, for what a test waits for

RULES: Final[dict[Theme, dict[str, Any]]] = {
    "light": {
        "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"],
        "rules": {"target-size": {"enabled": True}},  # of WCAG 2.2, and not on by itself
        "resultTypes": ["violations"],
    },
    "dark": {"runOnly": ["color-contrast", "link-in-text-block"], "resultTypes": ["violations"]},
}
# Runs in the page before anything else. Where script is off Chromium says the same on its console.
TELLS_VIOLATIONS: Final = """
  document.addEventListener("securitypolicyviolation", (event) => console.error(
    `CSP: ${event.violatedDirective} forbids ${event.blockedURI} ${event.sample} at line ${event.lineNumber}`));
"""
TOO_WIDE: Final = """() => {
  const root = document.documentElement, wide = root.clientWidth;
  if (root.scrollWidth <= wide) return [];
  const hides = (each, absolute) => {  // what is positioned is not held by what is not
    if (!each) return false;
    const style = getComputedStyle(each), holds = !absolute || style.position !== "static";
    return (style.overflowX !== "visible" && holds) || hides(each.parentElement, absolute && !holds);
  };
  const out = (each) => getComputedStyle(each).position === "absolute";
  const beyond = [...document.body.querySelectorAll("*")].filter(
    (each) => each.getBoundingClientRect().right > wide + 1 && !hides(each.parentElement, out(each)));
  const said = (each) => `${each.tagName.toLowerCase()}.${each.className}: ${each.textContent.trim().slice(0, 60)}`;
  return [`${root.scrollWidth} > ${wide}`, ...beyond.map(said).slice(0, 8)];
}"""
FOCUSED: Final = """() => {
  const at = document.activeElement;
  return at.id || at.name || at.textContent.trim() || at.tagName;
}"""
OUTLINE: Final = """() => {
  const style = getComputedStyle(document.activeElement);
  return [style.outlineStyle, style.outlineWidth];
}"""
STATUS: Final = re.compile(r"status of ([0-9]{3})")
LEFT: Final = "net::ERR_ABORTED"  # the page was left while it asked for something


class Look(NamedTuple):
    """How a page is looked at."""

    theme: Theme = "light"
    width: int = WIDE
    script: bool = True

    def __str__(self) -> str:
        return f"{self.theme}, {self.width} px, {'with' if self.script else 'without'} script"

    @property
    def size(self) -> ViewportSize:
        return {"width": self.width, "height": HEIGHT[self.width]}


@dataclass
class Window:
    """One page of a context of its own: cookies, theme, width, script on or off."""

    page: Page
    base: str
    look: Look
    went_wrong: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)  # statuses that Chromium may complain of

    def __post_init__(self) -> None:
        self._debugger = self.page.context.new_cdp_session(self.page)
        self.scripts(run=self.look.script)
        self.page.set_default_timeout(WAITS)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.went_wrong.append(f"error: {error}"))
        self.page.on("requestfailed", self._failed)

    def _said(self, message: ConsoleMessage) -> None:
        status = STATUS.search(message.text)
        if message.type in {"error", "warning"} and not (status and int(status[1]) in self.expected):
            self.went_wrong.append(f"console, {message.type}: {message.text} {message.location.get('url', '')}")

    def _failed(self, request: Request) -> None:
        if request.failure != LEFT:
            self.went_wrong.append(f"failed: {request.method} {request.url} {request.failure}")

    @contextmanager
    def answers(self, *statuses: int) -> Iterator[None]:
        """Chromium complains of every answer that is no success; within the block it may, of these."""
        self.expected |= set(statuses)
        try:
            yield
        finally:
            self.page.wait_for_load_state()
            self.expected -= set(statuses)

    def open(self, path: str) -> Response:
        """Open a page below /portal, or an address of the portal."""
        answer = self.page.goto(f"{self.base}{path}" if path.startswith("/portal") else f"{self.base}/portal{path}")
        assert answer is not None
        return answer

    def turn(self, theme: Theme, width: int) -> None:
        """Look at the same page in other colours, in another width."""
        self.look = self.look._replace(theme=theme, width=width)
        self.page.emulate_media(color_scheme=theme)
        self.page.set_viewport_size(self.look.size)

    def focused(self) -> str:
        """What has the focus: its id, its name, or its text."""
        return str(self.page.evaluate(FOCUSED))

    def focus_is_seen(self) -> None:
        """Fail where nobody sees what the keyboard acts upon."""
        style, width = self.page.evaluate(OUTLINE)
        assert style != "none", f"the focus on {self.focused()!r} cannot be seen"
        assert width != "0px", f"the focus on {self.focused()!r} cannot be seen"

    def violations(self) -> list[str]:
        """What axe says of the page as it stands: each violation, where, and what would mend it.

        In the dark only colours differ: there it is asked for what it says of those.
        """
        with self._let_debugger_run():
            if not self.page.evaluate("() => 'axe' in window"):
                self.page.evaluate(AXE_SCRIPT)
            found: dict[str, Any] = self.page.evaluate("rules => axe.run(document, rules)", RULES[self.look.theme])
        return [
            f"axe {each['id']} ({each['impact']}): {each['help']}: {node['html'][:200]}: {node['failureSummary']}"
            for each in found["violations"]
            for node in each["nodes"]
        ]

    @contextmanager
    def _let_debugger_run(self) -> Iterator[None]:
        """Where script is off: let the debugger's run. The page's own, passed over when it was loaded, stays so."""
        if self.look.script:
            yield
            return
        self.scripts(run=True)
        yield
        self.scripts(run=False)

    def scripts(self, *, run: bool) -> None:
        """Let pages run script, or none."""
        self._debugger.send("Emulation.setScriptExecutionDisabled", {"value": not run})

    def too_wide(self) -> list[str]:
        """What makes the page scroll sideways."""
        return [f"too wide: {each}" for each in self.page.evaluate(TOO_WIDE)]

    def told(self) -> list[str]:
        """What went wrong since this was asked the last time."""
        self.page.wait_for_timeout(0)  # what Chromium has told is read
        found, self.went_wrong[:] = list(self.went_wrong), []
        return found

    def settle(self) -> None:
        """Fail if anything went wrong."""
        assert not (found := self.told()), f"{self.page.url} ({self.look}):\n" + "\n".join(found)


USUAL: Final = Look()


@contextmanager
def open_window(
    browser: Browser, base: str, look: Look = USUAL, cookies: dict[str, str] | None = None
) -> Iterator[Window]:
    """Open a window; when the block ends without another failure, fail for whatever went wrong in it."""
    context = browser.new_context(
        viewport=look.size,
        color_scheme=look.theme,
        locale="en-GB",
        timezone_id="UTC",
        reduced_motion="reduce",
    )
    try:
        context.add_init_script(TELLS_VIOLATIONS)
        for name, value in (cookies or {}).items():
            context.add_cookies(
                [{"name": name, "value": value, "url": base, "secure": True, "httpOnly": True, "sameSite": "Lax"}]
            )
        made = Window(context.new_page(), base, look)
        try:
            yield made
        except BaseException as failure:
            for each in (f"at {made.page.url}, {look}", *made.went_wrong):
                failure.add_note(each)
            raise
        made.settle()
    finally:
        with suppress(Error):  # Chromium is gone, and the test has told
            context.close()
