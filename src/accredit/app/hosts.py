"""Which host names this authority answers to, and which networks its settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from accredit.errors import SETTING_INVALID, Refused
from accredit.web import sender

if TYPE_CHECKING:
    from accredit.config import Settings
    from accredit.web.sender import Network


def known(settings: Settings, base: str) -> tuple[str, ...]:
    """Return the host names, with port, under which instance discovery knows this authority."""
    return tuple(dict.fromkeys((urlsplit(base).netloc, *(each.lower() for each in settings.allowed_hosts))))


def served(settings: Settings, base: str) -> frozenset[bytes]:
    """Return the values of Host that the public listener answers, with port, in lower case."""
    names = {urlsplit(base).netloc, *settings.allowed_hosts}
    if settings.profile == "emulator":
        port = urlsplit(base).port
        names |= {f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}"}
    return frozenset(each.lower().encode() for each in names)


def of_admin(settings: Settings) -> frozenset[bytes]:
    """Return the values of Host that the admin listener answers, with and without port."""
    names = ("localhost", "127.0.0.1", "[::1]", settings.admin_host)
    return frozenset(f"{each}:{settings.admin_port}".encode() for each in names) | {each.encode() for each in names}


def networks(settings: Settings, name: str) -> tuple[Network, ...]:
    """Return the networks of a setting, by its name. ``SETTING_INVALID``."""
    try:
        return sender.networks(getattr(settings, name))
    except ValueError as error:
        raise Refused(SETTING_INVALID, name=name, reason=str(error)) from error
