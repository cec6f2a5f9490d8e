"""Whether a change of an issuer record only ever takes something away.

Rule 1: yes means proven: nothing that the issuer signs, and nobody else's key, is accepted that was not before.
Rule 2: where keys come from never narrows: another place is another signer. Nor does a member that is not judged here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from accredit.issuers.record import Issuer

    Narrows: TypeAlias = Callable[[Issuer, Issuer], bool]


def narrows(before: Issuer, after: Issuer) -> bool:
    """Whether everything that ``after`` accepts was accepted by ``before``."""
    differ = [name for name in before.__struct_fields__ if getattr(before, name) != getattr(after, name)]
    return all(name in _JUDGED and _JUDGED[name](before, after) for name in differ)


def _fewer(name: str) -> Narrows:
    return lambda before, after: {*getattr(after, name)} <= {*getattr(before, name)}


def _less(name: str) -> Narrows:
    return lambda before, after: getattr(after, name) <= getattr(before, name)


def _more(name: str) -> Narrows:
    return lambda before, after: getattr(after, name) >= getattr(before, name)


def _hosts(before: Issuer, after: Issuer) -> bool:
    """Whether keys may come from fewer hosts; a record that lists none means any."""
    listed = {*before.allowed_jwks_hosts}
    return not listed or bool(after.allowed_jwks_hosts and {*after.allowed_jwks_hosts} <= listed)


def _once(before: Issuer, after: Issuer) -> bool:
    """Whether an assertion is not good for more tokens than before; only what is enforced refuses one."""
    return after.replay == "enforce" or before.replay != "enforce"


_JUDGED: Final[Mapping[str, Narrows]] = {
    "algorithms": _fewer("algorithms"),
    "networks": _fewer("networks"),
    "ports": _fewer("ports"),
    "allowed_jwks_hosts": _hosts,
    "max_lifetime": _less("max_lifetime"),
    "skew": _less("skew"),
    "require_kid": _more("require_kid"),
    "blocked": _more("blocked"),
    "replay": _once,
}
