"""Which authority is asked for an access token, as whom and for what: options, a ready file, variables, the profile."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from accredit.cli import inputs, profiles
from accredit.client.exchanging import ENTRA
from accredit.client.http import address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.cli.session import Session


@dataclass(frozen=True, slots=True)
class Place:
    """One exchange's other end."""

    url: str
    ca_file: str | None
    tenant: str
    client_id: str
    scope: str


def place(session: Session, given: Mapping[str, Any]) -> Place:
    """Return it. What is missing is named, with the options that say it."""
    found = {
        **_of_azure(),
        **_of_profile(session, given),
        **_of_accredit(),
        **(_of_ready_file(given["ready_file"]) if given["ready_file"] else {}),
        **_told(
            url=given["authority"],
            ca_file=given["ca_file"],
            tenant=session.tenant,
            client_id=given["client_id"],
            scope=given["scope"],
        ),
    }
    if "url" not in found:
        raise click.UsageError(f"which authority? give --authority URL ({ENTRA} for Entra ID) or --ready-file FILE")
    for name, said in (("client_id", "-a ID"), ("tenant", "--tenant NAME"), ("scope", "--scope RESOURCE/.default")):
        if name not in found:
            raise click.UsageError(f"an exchange needs {said}")
    return Place(
        url=address(found["url"]),
        ca_file=found.get("ca_file"),
        tenant=found["tenant"],
        client_id=found["client_id"],
        scope=found["scope"],
    )


def _told(**members: str | None) -> dict[str, str]:
    return {name: value for name, value in members.items() if value}


def _of_ready_file(path: str) -> dict[str, str]:
    ready = inputs.ready(path)
    workload = ready.get("workload")
    return _told(
        url=str(ready.get("url", "")),
        ca_file=str(ready.get("ca_file", "")),
        tenant=str(ready.get("tenant_id", "")),
        client_id=str(workload.get("client_id", "")) if isinstance(workload, dict) else None,
    )


def _of_accredit() -> dict[str, str]:
    """Return what ``accredit`` itself reads; who signs in with a secret is an administrator, and not this workload."""
    environment = os.environ
    return _told(
        url=environment.get("ACCREDIT_URL"),
        ca_file=environment.get("ACCREDIT_CA_FILE"),
        client_id=None if environment.get("ACCREDIT_CLIENT_SECRET") else environment.get("ACCREDIT_CLIENT_ID"),
    )


def _of_azure() -> dict[str, str]:
    """Return what Azure's own clients read: a cluster's webhook sets these."""
    environment = os.environ
    return _told(
        url=environment.get("AZURE_AUTHORITY_HOST"),
        tenant=environment.get("AZURE_TENANT_ID"),
        client_id=environment.get("AZURE_CLIENT_ID"),
    )


def _of_profile(session: Session, given: Mapping[str, Any]) -> dict[str, str]:
    """Return where somebody signed in, if a profile is named: not who they are there."""
    if given["authority"] or given["ready_file"] or not session.profile:
        return {}
    found = profiles.named(session.profile)
    tenant = None if found.tenant == profiles.ANY_TENANT else found.tenant
    return _told(url=found.url, ca_file=found.ca_file, tenant=tenant)
