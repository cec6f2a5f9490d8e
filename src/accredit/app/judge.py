"""Settings that no server takes, judged without starting one: ``serve`` and ``config check`` ask the same questions.

What only this machine can answer (is the port free, is the data there) is asked where it is used.
"""

from __future__ import annotations

import ssl
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from accredit import errors
from accredit.errors import SETTING_INVALID, TLS_UNUSABLE, Refused
from accredit.web.sender import networks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.config import Settings

HTTPS: Final = 443
LOOPBACKS: Final = ("127.0.0.1", "::1")


def judge(settings: Settings) -> None:
    """Refuse settings that no server takes. ``SETTING_INVALID``, ``OVERRIDE_INVALID``, ``TLS_UNUSABLE``."""
    for name in ("trusted_proxies", "shared_networks"):
        _refuse_no_networks(settings, name)
    errors.override(settings.refusals)
    _refuse_export(settings)
    _refuse_provider(settings)
    if settings.profile == "emulator":
        _refuse_exposed(settings)
        return
    for name in ("issuer_overrides", "explain_to_caller", "expose_emulator", "open_control"):
        if getattr(settings, name):
            raise Refused(SETTING_INVALID, name=name, reason="it exists in the emulator profile only")
    if settings.graph_authorization != "enforce":
        reason = "any-token exists in the emulator profile only"
        raise Refused(SETTING_INVALID, name="graph_authorization", reason=reason)
    _refuse_tls(settings)
    public_url(settings.public_url)


def public_url(given: str) -> str:
    """Return the public URL as it stands in answers. Every client of Entra ID refuses an authority that is not https.

    ``SETTING_INVALID``.
    """
    if not given:
        reason = "it is needed: what clients use, https://host[:port], without a path (ACCREDIT_PUBLIC_URL)"
        raise Refused(SETTING_INVALID, name="public_url", reason=reason)
    parts, port = urlsplit(given), None
    with suppress(ValueError):
        port = parts.port or HTTPS
    wrong = parts.scheme != "https" or not parts.hostname or port is None or "@" in parts.netloc
    if wrong or parts.path.strip("/") or parts.query or parts.fragment:
        reason = f"it must be what clients use, https://host[:port], without a path; it is {given}"
        raise Refused(SETTING_INVALID, name="public_url", reason=reason)
    return f"https://{parts.netloc.lower().removesuffix(f':{HTTPS}')}"  # clients leave the usual port out


def _refuse_no_networks(settings: Settings, name: str) -> None:
    try:
        networks(getattr(settings, name))
    except ValueError as error:
        raise Refused(SETTING_INVALID, name=name, reason=str(error)) from error


def _refuse_export(settings: Settings) -> None:
    wanted = settings.export.otlp
    if not wanted.endpoint:
        return
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.proto") is None:
        reason = "it needs what the extra otel brings: pip install 'accredit[otel]'"
        raise Refused(SETTING_INVALID, name="export.otlp.endpoint", reason=reason)
    from accredit.outbound.collector import address, headers

    with _setting("export.otlp.endpoint"):
        address(wanted.endpoint)
    with _setting("export.otlp.headers_file"):
        headers(wanted.headers_file)
    if wanted.ca_file:
        with _setting("export.otlp.ca_file"):
            ssl.create_default_context(cafile=wanted.ca_file)


def _refuse_provider(settings: Settings) -> None:
    wanted = settings.portal.oidc
    if not wanted.issuer:
        for name in ("client_id", "client_secret_file", "ca_file"):
            if getattr(wanted, name):
                raise Refused(SETTING_INVALID, name=f"portal.oidc.{name}", reason="portal.oidc.issuer is not set")
        return
    from accredit.app.portal_provider import read_secret, record

    with _setting("portal.oidc.networks"):
        networks(wanted.networks)
    with _setting("portal.oidc.ca_file"):
        if wanted.ca_file:
            ssl.create_default_context(cafile=wanted.ca_file)
    with _setting("portal.oidc.issuer"):
        record(wanted, emulator=settings.profile == "emulator")
    if not wanted.client_id:
        reason = "it is needed: what the provider knows this authority as"
        raise Refused(SETTING_INVALID, name="portal.oidc.client_id", reason=reason)
    with _setting("portal.oidc.client_secret_file"):
        read_secret(wanted.client_secret_file)


@contextmanager
def _setting(name: str) -> Iterator[None]:
    """Say of which setting a value or a file is not right."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise Refused(SETTING_INVALID, name=name, reason=str(error)) from error
    except Refused as refused:
        raise Refused(SETTING_INVALID, name=name, reason=refused.detail or refused.message) from refused


def _refuse_exposed(settings: Settings) -> None:
    if settings.host in {*LOOPBACKS, "localhost"}:
        return
    if not settings.expose_emulator:
        reason = "an emulator listens on loopback only: everybody knows its secrets (--expose-emulator)"
        raise Refused(SETTING_INVALID, name="host", reason=reason)
    if settings.open_control:
        reason = "beyond loopback an emulator is controlled with its control token only"
        raise Refused(SETTING_INVALID, name="open_control", reason=reason)


def _refuse_tls(settings: Settings) -> None:
    tls = settings.tls
    if bool(tls.certificate) != bool(tls.key):
        missing = "tls.key" if tls.certificate else "tls.certificate"
        raise Refused(SETTING_INVALID, name=missing, reason="certificate and key belong together, and it is not set")
    if not tls.certificate:
        return
    for name, path in (("tls.certificate", tls.certificate), ("tls.key", tls.key)):
        try:
            with open(path, "rb"):  # noqa: PTH123  the library says neither which file nor why
                pass
        except OSError as error:
            raise Refused(TLS_UNUSABLE, reason=f"{name} {path}: {error.strerror}") from error
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tls.certificate, tls.key, password="")
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or str(error)
        raise Refused(TLS_UNUSABLE, reason=f"{tls.certificate} with {tls.key}: {reason}") from error
