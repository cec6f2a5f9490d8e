"""How somebody uses a page in Chromium: with a mouse, or with the keyboard alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.portal.window import Window

Role = Literal["link", "button", "checkbox", "radio", "tab"]
STEPS: Final = 200  # that Tab is pressed at most
LEADS: Final = 15_000  # milliseconds until a page is there


class Hands(Protocol):
    """What a story is told with. Whatever it names is what assistive technology calls it."""

    window: Window

    def press(self, name: str, role: Role = "button") -> None:
        """Press a link or a button that leads to another page, and wait for that."""

    def tick(self, name: str, role: Role = "checkbox") -> None:
        """Choose a box or one of several."""

    def fill(self, label: str, text: str) -> None:
        """Write into a field, in place of what stands there."""

    def choose(self, label: str, option: str) -> None:
        """Choose from a list."""

    def unfold(self, summary: str) -> None:
        """Show what is folded."""


@dataclass
class _Hands:
    window: Window

    @property
    def page(self) -> Page:
        return self.window.page

    def named(self, name: str, role: Role) -> Locator:
        found = self.page.get_by_role(role, name=name, exact=True)
        return found if found.count() else self.page.get_by_role(role, name=name)

    def labelled(self, label: str) -> Locator:
        """The field with this label; that it is required may stand behind it."""
        return self.page.get_by_label(re.compile(rf"^\s*{re.escape(label)}(\s+required)?\s*$"))

    def leads(self) -> None:
        """Wait for the page that something led to, and for its scripts."""
        self.page.wait_for_load_state("load", timeout=LEADS)


class Mouse(_Hands):
    """A pointer, and a keyboard for texts."""

    def press(self, name: str, role: Role = "button") -> None:
        with self.page.expect_navigation(timeout=LEADS):
            self.named(name, role).first.click()
        self.leads()

    def tick(self, name: str, role: Role = "checkbox") -> None:
        self.named(name, role).first.check()

    def fill(self, label: str, text: str) -> None:
        self.labelled(label).first.fill(text)

    def choose(self, label: str, option: str) -> None:
        self.labelled(label).first.select_option(label=option)

    def unfold(self, summary: str) -> None:
        self.page.locator("summary", has_text=summary).first.click()


class Keyboard(_Hands):
    """Nothing but keys: what cannot be reached by Tab cannot be used, and where one is has to be seen."""

    def press(self, name: str, role: Role = "button") -> None:
        self._reach(self.named(name, role), f"{role} {name}")
        with self.page.expect_navigation(timeout=LEADS):
            self.page.keyboard.press("Enter")
        self.leads()

    def tick(self, name: str, role: Role = "checkbox") -> None:
        wanted = self.named(name, role)
        if role == "radio":  # Tab comes to the one that is chosen, arrows choose another
            group = self.page.locator(f'input[type="radio"][name="{wanted.first.get_attribute("name")}"]')
            self._reach(group, f"{role} {name}")
            for _ in range(group.count()):
                if wanted.first.is_checked():
                    return
                self.page.keyboard.press("ArrowDown")
            raise AssertionError(f"arrows never come to {name!r}")
        self._reach(wanted, f"{role} {name}")
        self.page.keyboard.press("Space")
        assert wanted.first.is_checked()

    def fill(self, label: str, text: str) -> None:
        self._reach(self.labelled(label), label)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(text)

    def choose(self, label: str, option: str) -> None:
        self._reach(self.labelled(label), label)
        self.page.keyboard.type(option)
        assert self.labelled(label).first.evaluate("each => each.selectedOptions[0].text").strip() == option

    def unfold(self, summary: str) -> None:
        self._reach(self.page.locator("summary", has_text=summary), summary)
        self.page.keyboard.press("Enter")

    def _reach(self, wanted: Locator, said: str) -> None:
        """Press Tab until one of these has the focus."""
        wanted.first.wait_for()
        for _ in range(STEPS):
            if wanted.evaluate_all("several => several.includes(document.activeElement)"):
                self.window.focus_is_seen()
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab never comes to {said!r} on {self.page.url}")
