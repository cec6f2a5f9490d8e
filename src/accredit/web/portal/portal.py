"""What the portal leans on. Made once, in ``app``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from accredit.administer.key_watch import KeyWatch
    from accredit.ports import Authority, Registry
    from accredit.signins import Sender
    from accredit.web.portal.entry import SigningIn
    from accredit.web.portal.render import Renderer
    from accredit.web.portal.session import Keeper
    from accredit.web.sender import Senders
    from accredit.web.signin_log import SignInLog


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """One authority as its administrators meet it."""

    authority: Authority
    registry: Registry
    log: SignInLog
    key_watch: KeyWatch  # of issuers
    senders: Senders
    renderer: Renderer
    keeper: Keeper  # of sessions
    signing: SigningIn  # how people sign in
    broken: Callable[[Sender, BaseException], None]
    emulator: bool = False
    strict_transport: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)  # shown on the page of settings; no secrets
    tools: Mapping[str, Any] = field(
        default_factory=dict
    )  # what only ``app`` can put together, by name: see ``app.portal``
    ready: Callable[[], Awaitable[Mapping[str, str]]] | Callable[[], Mapping[str, str]] | None = None
