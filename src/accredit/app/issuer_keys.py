"""The keys of registered issuers, put together: what fetches them, what is told of them, what is written down."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from accredit import __version__
from accredit.app.issuer_news import News
from accredit.app.key_watch import KeyWatching
from accredit.issuers import freshness
from accredit.outbound import Fetcher, IssuerKeys
from accredit.stores.issuer_history import IssuerHistory

if TYPE_CHECKING:
    from collections.abc import Callable

    import structlog

    from accredit.app.folder import Folder
    from accredit.issuers import Limits
    from accredit.outbound import Rules
    from accredit.outbound.keys import Waiting
    from accredit.outbound.resolve import Resolve
    from accredit.ports import Clock
    from accredit.stores.health import Damage

_CHANCE: Final = random.Random()  # noqa: S311  it spreads load and guards nothing; the module's own is for tests to seed


@dataclass(frozen=True, slots=True)
class Watched:
    """The keys of issuers, and all that is known of them."""

    keys: IssuerKeys
    watch: KeyWatching
    news: News


def watched(  # noqa: PLR0913  what it is put together from
    folder: Folder,
    rules: Rules,
    *,
    while_waiting: Waiting,
    clock: Clock,
    seconds: Callable[[], float],  # on a clock that only goes forward
    log: structlog.BoundLogger,
    damage: Damage,
    limits: Limits | None = None,
    resolve: Resolve | None = None,
) -> Watched:
    """Put it together; nothing is opened yet. ``limits``, ``resolve``: others than the profile's and the system's."""
    limits = limits or (freshness.EMULATOR if folder.emulator else freshness.PRODUCTION)
    fetcher = Fetcher(limits, rules, user_agent=f"accredit/{__version__}", resolve=resolve)
    news = News(IssuerHistory(folder.database, damage), clock, log)
    keys = IssuerKeys(
        fetcher,
        limits,
        clock=seconds,
        jitter=lambda: _CHANCE.uniform(-1, 1),
        while_waiting=while_waiting,
        heard=news.heard,
    )
    return Watched(keys, KeyWatching(fetcher, limits, news.store, clock, seconds, keys), news)
