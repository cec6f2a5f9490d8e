"""Which authority a command speaks to, and as whom: what ``accredit login`` wrote down, or what variables say.

Rule 1: what is written is for its owner's eyes only (0600, in a directory of 0700), whole or not at all.
Rule 2: a secret is written when that was asked for, and never otherwise; an access token until it expires.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from accredit.cli.failures import Said
from accredit.errors import INPUT_UNREADABLE, OUTPUT_UNWRITABLE, PROFILE_UNKNOWN, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.cli.session import Session

Kind = Literal["secret", "federated", "certificate", "token"]
ANY_TENANT: Final = "organizations"  # wherever the client is at home
STORE_VARIABLES: Final = ("ACCREDIT_DATA", "ACCREDIT_CONFIG")
_OWN: Final = 0o700
_OTHERS: Final = 0o077


class Profile(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One authority, and who somebody is to it."""

    url: str
    client_id: str
    tenant: str = ANY_TENANT
    ca_file: str = ""  # absolute; empty: the machine's roots
    kind: Kind = "secret"
    source: str = ""  # where the evidence is read: "@FILE" (absolute), "env:NAME"; empty: it is asked for
    secret: str = ""  # where storing it was asked for
    name: str = ""  # empty: of the environment

    def __repr__(self) -> str:
        """Show what is not secret."""
        return f"Profile({self.name or 'environment'}, {self.url}, {self.tenant}, {self.client_id}, {self.kind})"


class _Kept(msgspec.Struct, omit_defaults=True):
    current: str = ""
    profiles: dict[str, Profile] = {}


def chosen(session: Session) -> Profile | None:
    """Return the authority that a command is for; ``None``: the store on this machine. ``PROFILE_UNKNOWN``."""
    environment = os.environ
    if session.local_store or session.data or session.config:
        return None
    if session.profile:
        return named(session.profile)
    if environment.get("ACCREDIT_URL"):
        return of_environment(environment)
    if name := environment.get("ACCREDIT_PROFILE"):
        return named(name)
    if any(map(environment.get, STORE_VARIABLES)):  # said now, where the profile was said some other day
        return None
    return current()


def of_environment(environment: Mapping[str, str]) -> Profile:
    """Return what the variables say; for who is signed in at that URL, the rest of it."""
    url = environment["ACCREDIT_URL"].rstrip("/")
    told = bool(environment.get("ACCREDIT_TOKEN") or environment.get("ACCREDIT_CLIENT_ID"))
    if not told:
        kept = _read()
        known = [kept.profiles[kept.current]] if kept.current in kept.profiles else []
        for each in (*known, *kept.profiles.values()):
            if each.url == url:
                return each
    return Profile(
        url=url,
        client_id=environment.get("ACCREDIT_CLIENT_ID", ""),
        tenant=environment.get("ACCREDIT_TENANT") or ANY_TENANT,
        ca_file=environment.get("ACCREDIT_CA_FILE", ""),
        kind="token" if environment.get("ACCREDIT_TOKEN") else "secret",
        source="env:ACCREDIT_TOKEN" if environment.get("ACCREDIT_TOKEN") else "env:ACCREDIT_CLIENT_SECRET",
    )


def named(name: str) -> Profile:
    """Return a profile. ``PROFILE_UNKNOWN``."""
    kept = _read()
    if name not in kept.profiles:
        raise Refused(PROFILE_UNKNOWN, name=name, known=", ".join(sorted(kept.profiles)) or "none")
    return kept.profiles[name]


def current() -> Profile | None:
    """Return the profile that holds when nothing else is said."""
    kept = _read()
    return kept.profiles.get(kept.current)


def every() -> list[Profile]:
    """Return all profiles, by name."""
    return sorted(_read().profiles.values(), key=lambda each: each.name)


def rival(profile: Profile) -> str:
    """Return a sentence on the variable that counts for more than the current profile; empty when there is none."""
    environment = os.environ
    other = environment.get("ACCREDIT_PROFILE") not in (None, "", profile.name)
    found = [each for each in (*["ACCREDIT_PROFILE"] * other, *STORE_VARIABLES) if environment.get(each)]
    if not found or environment.get("ACCREDIT_PROFILE") == profile.name:
        return ""
    return f"{found[0]} is set: commands act where it says, and at {profile.url} with --profile {profile.name} only"


def save(profile: Profile) -> None:
    """Write a profile down and make it the current one."""
    kept = _read()
    kept.profiles[profile.name] = profile
    kept.current = profile.name
    write(_profiles(), msgspec.json.format(msgspec.json.encode(kept)))


def forget(profile: Profile) -> None:
    """Forget a profile and its access token."""
    kept = _read()
    kept.profiles.pop(profile.name, None)
    if kept.current == profile.name:
        kept.current = ""
    write(_profiles(), msgspec.json.format(msgspec.json.encode(kept)))
    _token(profile).unlink(missing_ok=True)


def token(profile: Profile) -> str:
    """Return the access token that is kept for a profile; empty when there is none."""
    try:
        return _token(profile).read_text("ascii") if profile.name else ""
    except (OSError, ValueError):
        return ""


def keep_token(profile: Profile, value: str) -> None:
    """Keep an access token for the commands to come."""
    if profile.name:
        write(_token(profile), value.encode())


def _profiles() -> Path:
    return home("XDG_CONFIG_HOME", ".config") / "profiles.json"


def _token(profile: Profile) -> Path:
    from hashlib import sha256

    return home("XDG_CACHE_HOME", ".cache") / f"token-{sha256(profile.name.encode()).hexdigest()[:32]}"


def home(variable: str, usual: str) -> Path:
    """Return the directory of ours below the one that a variable names, else below its usual place."""
    found = os.environ.get(variable, "")
    if Path(found).is_absolute():
        return Path(found) / "accredit"
    try:
        return Path.home() / usual / "accredit"
    except RuntimeError:  # a user without a home
        return Path("/") / usual / "accredit"


def _read() -> _Kept:
    path = _profiles()
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode & 0o777
            data = file.read()
    except (FileNotFoundError, NotADirectoryError, PermissionError):  # of somebody else's home: nothing of ours
        return _Kept()
    except OSError as error:
        raise Refused(INPUT_UNREADABLE, what=path, reason=error.strerror or "it cannot be opened") from error
    if mode & _OTHERS:
        refused = Refused(INPUT_UNREADABLE, what=path, reason=f"it is open to other users (mode {mode:04o})")
        raise Said(refused, fix=f"chmod 600 {shlex.quote(str(path))}; a secret that stood in it is to be replaced.")
    try:
        return msgspec.json.decode(data, type=_Kept)
    except msgspec.MsgspecError as error:
        aside = f"mv {shlex.quote(str(path))} {shlex.quote(str(path) + '.old')}"
        refused = Refused(INPUT_UNREADABLE, what=path, reason="these are not profiles")
        raise Said(refused, fix=f"Move it away, and sign in again: {aside}") from error


def write(path: Path, data: bytes) -> None:
    """Write a file for its owner's eyes only, whole or not at all. ``OUTPUT_UNWRITABLE``."""
    import tempfile

    try:
        path.parent.mkdir(mode=_OWN, parents=True, exist_ok=True)
        made, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")  # 0600
        try:
            with os.fdopen(made, "wb") as file:
                file.write(data)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise Refused(OUTPUT_UNWRITABLE, what=path, reason=error.strerror or "it cannot be written") from error
