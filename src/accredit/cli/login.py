"""``accredit login``, ``logout`` and ``whoami``: who somebody is to an authority at a URL, for the commands to come."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast, get_args
from urllib.parse import urlsplit

import click
from msgspec.structs import replace

from accredit.cli import inputs, profiles, shapes
from accredit.cli.desk import opened
from accredit.cli.failures import Said
from accredit.cli.grammar import command
from accredit.cli.here import Here, user
from accredit.cli.output import Column
from accredit.cli.profiles import ANY_TENANT, Kind, Profile
from accredit.cli.session import Session, pass_session
from accredit.cli.words import accredit, option
from accredit.errors import INPUT_INVALID, PRIVILEGES_MISSING, SIGN_IN_NEEDED, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.cli.there import There
    from accredit.client import Evidence

REMOTE: Final = (
    Column("name", "displayName"),
    Column("appId", "appId"),
    Column("service principal", "servicePrincipalId"),
    Column("tenant", "tenantId"),
    Column("authority", "url"),
    Column("profile", "profile"),
    Column("roles", "roles"),
    Column("until", "expiresDateTime"),
)
LOCAL: Final = (
    Column("user", "user"),
    Column("user id", "userId"),
    Column("acts on", "dataDirectory"),
    Column("emulator", "isEmulator"),
)


@command("login")
@click.argument("url", metavar="[URL]", envvar="ACCREDIT_URL", required=False)
@click.option("--client-id", envvar="ACCREDIT_CLIENT_ID", help="The application that commands act as.")
@click.option("--secret", metavar="SECRET", help="Where its secret is: -, @FILE, env:NAME; else it is asked for.")
@click.option("--federated-token", metavar="TOKEN", help="A token that it trusts: -, @FILE (read each time), env:NAME.")
@click.option("--certificate", metavar="FILE", help="Its certificate with the private key (PEM).")
@click.option("--ca-file", envvar="ACCREDIT_CA_FILE", metavar="FILE", help="The authority's CA (PEM).")
@click.option("--ready-file", metavar="FILE", help="The ready file of an emulator: all of the above for its admin.")
@click.option("--name", metavar="NAME", help="Name of the profile; host and port if not given.")
@click.option("--store-secret", is_flag=True, help="Write the secret down, readable by you alone.")
@pass_session
def login(session: Session, /, url: str | None, name: str | None, ready_file: str | None, **given: Any) -> None:  # noqa: ANN401
    """Sign in at an authority: commands act there from now on, until logout, or with --local.

    What proves who you are is tried at once. Without --store-secret only the access token is kept, until it expires;
    the secret of an emulator's administrator, which everybody knows, is written down with --ready-file.
    """
    if session.local_store or session.data or session.config:
        raise click.UsageError("login goes to a URL; --local, --data and --config name the store of this machine")
    if ready_file:
        url, given = _of_ready_file(ready_file, url, given)
    wanted, source = _profile(session, url, name, given)
    from accredit.cli.there import there
    from accredit.client import ClientSecret

    tried = _tried(session, wanted, source)
    with there(session, wanted, tried) as place:
        token = place.authority.token
        found = replace(wanted, tenant=str(token.tenant_id))
        shape = _who(place, found)
    if given["store_secret"] and isinstance(tried, ClientSecret):
        found = replace(found, secret=tried.value, source="")
    profiles.save(found)
    profiles.keep_token(found, token.value)
    session.show(shape, REMOTE)
    if not token.roles:
        session.warn("it holds no role on Microsoft Graph: the authority will refuse most commands")
    if rival := profiles.rival(found):
        session.warn(rival)
    session.remark(f"Signed in at {found.url} as {shape['displayName'] or found.client_id}")
    session.undo(accredit("logout", found.name))


@command("logout")
@click.argument("name", metavar="[PROFILE]", required=False)
@pass_session
def logout(session: Session, name: str | None) -> None:
    """Forget an authority and the access token for it. Tokens that were issued live on until they expire."""
    wanted = name or session.profile
    found = profiles.named(wanted) if wanted else profiles.current()
    if found is None:
        session.note("Nobody is signed in anywhere.")
        return
    profiles.forget(found)
    words = ("login", found.url, "--client-id", found.client_id, *option("--ca-file", found.ca_file))
    session.remark(f"Signed out of {found.url}")
    if left := [each.name for each in profiles.every()]:
        session.remark(f"Still signed in elsewhere: {', '.join(left)} (accredit profile use NAME)")
    session.undo(accredit(*words, "--name", found.name))


@command("whoami")
@pass_session
def whoami(session: Session) -> None:
    """Say who commands act as, where, with which roles, and for how long."""
    with opened(session) as place:
        if isinstance(place, Here):
            session.show(_local(place), LOCAL)
        else:
            there = cast("There", place)
            session.show(_who(there, there.profile), REMOTE)


def _of_ready_file(path: str, url: str | None, given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return what an emulator's ready file says about its administrator, where nothing else was said."""
    ready = inputs.ready(path)
    admin = ready.get("admin") or {}
    told = {
        "client_id": admin.get("client_id"),
        "ca_file": ready.get("ca_file"),
        "public_secret": admin.get("client_secret"),
    }
    if given["client_id"] not in (None, told["client_id"]) or any(
        given[each] for each in ("secret", "federated_token", "certificate")
    ):
        told.pop("public_secret")
    return url or str(ready.get("url", "")), {**given, **{key: given.get(key) or value for key, value in told.items()}}


def _profile(session: Session, url: str | None, name: str | None, given: Mapping[str, Any]) -> tuple[Profile, str]:
    """Return the profile that the options describe, and where its evidence is said to be.

    The address and the CA are judged before anybody is asked for a secret.
    """
    from accredit.client.http import address, trusting

    if not url:
        raise click.UsageError("which authority? give its URL, or --ready-file FILE of an emulator")
    if not given["client_id"]:
        raise click.UsageError("as which application? give --client-id ID")
    url = address(url)
    told = {
        "secret": given["secret"],
        "federated": given["federated_token"],
        "certificate": given["certificate"] and f"@{given['certificate']}",
    }
    kinds: list[Kind] = [each for each in get_args(Kind) if told.get(each)]
    if len(kinds) > 1:
        raise click.UsageError("--secret, --federated-token and --certificate say three different things; give one")
    kind: Kind = kinds[0] if kinds else "secret"
    if given["store_secret"] and kind != "secret":
        raise click.UsageError("--store-secret is for a secret; a certificate or a token is read where it is")
    source, ca_file = told[kind] or "", given["ca_file"]
    trusting(ca_file or None)
    profile = Profile(
        name=name or urlsplit(url).netloc,
        url=url,
        client_id=given["client_id"],
        tenant=session.tenant or ANY_TENANT,
        ca_file=str(Path(ca_file).absolute()) if ca_file else "",
        kind=kind,
        source=_lasting(source),
        secret=given.get("public_secret") or "",
    )
    return profile, source


def _tried(session: Session, profile: Profile, source: str) -> Evidence:
    """Return what proves now who somebody is. What no later command can read again is read here, once."""
    from accredit import client
    from accredit.cli.there import evidence, secret

    if profile.kind == "federated":
        token = inputs.token(source, session)
        return client.FederatedToken(lambda: token)
    if profile.kind == "certificate":
        return evidence(session, profile)  # type: ignore[return-value]  # a profile with a certificate has one
    if source == "-":
        return client.ClientSecret(inputs.text_file("-", most=inputs.LONGEST_SECRET).strip())
    if source and not profile.source:
        reason = "a secret on the command line is visible to others; use -, @FILE or env:NAME"
        raise Refused(INPUT_INVALID, what="--secret", reason=reason)
    if source.startswith("env:"):
        return client.ClientSecret(inputs.variable(source.removeprefix("env:")).strip())
    try:
        return client.ClientSecret(profile.secret or secret(session, profile))
    except Refused as refused:
        if refused.row is not SIGN_IN_NEEDED:
            raise
        fix = f"Say what proves that you are {profile.client_id}: --secret, --federated-token or --certificate."
        raise Said(refused, fix=fix) from refused


def _lasting(source: str) -> str:
    """Return where a later command can read evidence again; empty where that is nowhere."""
    if source.startswith("@"):
        return f"@{Path(source[1:]).absolute()}"
    return source if source.startswith("env:") else ""


def _who(place: There, profile: Profile) -> dict[str, Any]:
    token = place.authority.token
    return {
        "displayName": _name(place),
        "appId": str(token.app_id),
        "servicePrincipalId": str(token.principal_id),
        "tenantId": str(token.tenant_id),
        "url": place.authority.url,
        "profile": profile.name or None,
        "roles": sorted(token.roles),
        "expiresDateTime": shapes.instant(token.expires_at),
    }


def _name(place: There) -> str | None:
    """Ask the authority for the name: that it answers at all proves that the token holds."""
    try:
        found = place.authority.graph.get(f"/servicePrincipals/{place.authority.token.principal_id}")
    except Refused as refused:
        if refused.row is not PRIVILEGES_MISSING:
            raise
        return None
    return str(found.get("displayName") or "") or None


def _local(here: Here) -> dict[str, Any]:
    return {
        "user": user(),
        "userId": os.getuid(),
        "dataDirectory": str(here.local.folder.path),
        "isEmulator": here.emulator,
    }
