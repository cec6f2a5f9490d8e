"""What strangers and administrators write into every field that takes text: what would be code anywhere else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from accredit.administer import Administrator, applications, credentials, evidence, issuers, tenants
from accredit.app import seed
from tests.portal.scene import exchange
from tests.support.workload import GITHUB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.emulator import Emulator

PRODUCT: Final = 1337 * 1337
SHORT: Final = "\"'><img src=x onerror=alert(1)>"
PAYLOADS: Final = (
    SHORT,
    "<script>alert(1)</script>",
    "</title></textarea></pre></details><svg onload=alert(1)>",
    "javascript:alert(1)//",
    "{{1337*1337}}${1337*1337}#{1337*1337}<%=1337*1337%>",
    "<!--<a href='//evil.test' hx-get=/portal/x hx-trigger=load>-->",
    "&lt;b&gt;&#60;i&#62;",
)
CORPUS: Final = " ".join(PAYLOADS)
TURNED: Final = f"{CORPUS} \u202ecod.exe\u200b\u0007"  # of which tokens only are full: the directory refuses U+0007
HIDDEN: Final = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u061c\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff]"
)
LONGEST_NAME: Final = 120


def write_everywhere(emulator: Emulator) -> None:
    """Fill in what an administrator can, sign in with what a token can carry, say what a client can say."""
    emulator.administer(_administer)
    for token in _tokens(emulator):
        exchange(emulator, str(seed.WORKLOAD_ID), token)
    form = {"grant_type": "client_credentials", "scope": TURNED, "client_secret": SHORT}
    agent = {"user-agent": SHORT, "client-request-id": SHORT, "x-client-sku": SHORT}
    for client in (SHORT, str(seed.WORKLOAD_ID)):
        emulator.http.post(emulator.token_endpoint(), data={**form, "client_id": client}, headers=agent)


async def _administer(by: Administrator) -> None:
    application = await applications.create(by, seed.TENANT_ID, display_name=CORPUS[:LONGEST_NAME], description=CORPUS)
    await applications.add_role(by, application.id, value="Read", display_name=SHORT, description=CORPUS)
    await credentials.add(by, application.id, name="any", issuer=GITHUB, subject=CORPUS, description=CORPUS)
    await credentials.add(
        by, application.id, name="k8s", issuer="https://x.test/%22%3E%3Cimg%20src=x%3E", subject=SHORT
    )
    await evidence.add_secret(by, application.id, display_name=SHORT)
    await issuers.create(by, seed.TENANT_ID, "https://y.test/%22%3E%3Cimg%20src=x%3E")
    await tenants.create(by, display_name=CORPUS[:LONGEST_NAME], domains=("written.test",))
    async with by.registry.reading() as view:
        (workload,) = await view.applications.find(app_id=seed.WORKLOAD_ID)
    await applications.update(by, workload.id, description=CORPUS)


def _tokens(emulator: Emulator) -> Iterator[str]:
    """Proven ones that fit nothing, and some that nobody has proven."""
    claims = {"sub": TURNED, "repository": TURNED, "ref": SHORT, "workflow": CORPUS, "actor": CORPUS}
    usual = {"environment": "production"}
    yield emulator.mint(params=usual, overrides=claims)
    yield emulator.mint(params=usual, overrides={"aud": TURNED})
    yield emulator.mint(params=usual, overrides={"iss": f"https://evil.test/{SHORT}"})
    yield emulator.mint(params=usual, overrides=claims, header={"kid": TURNED})
