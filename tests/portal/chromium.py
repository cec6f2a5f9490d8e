"""The system's Chromium, driven by Playwright, which downloads nothing.

Started for each file of tests and ended with it: while Playwright runs, its thread has a running event loop, and tests
that start one of their own would find it. What a test asks of the emulator or of its store needs no loop.
"""

from __future__ import annotations

import base64
import os
import shutil
import ssl
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate
from playwright.sync_api import Browser, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.support.emulator import Emulator

NAMES: Final = ("chromium", "chromium-browser")
PACKAGES: Final = "chromium fonts-dejavu-core"


def executable() -> str:
    """Where Chromium is; the test fails, naming the command that supplies it, where it is not."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.fail(
            f"Chromium is missing: run `sudo apt-get install -y --no-install-recommends {PACKAGES}`, "
            'or leave the group out: make test WITHOUT="browser"',
            pytrace=False,
        )
    return found


def fingerprint(emulator: Emulator) -> str:
    """SHA-256 of the public key in the emulator's certificate, as Chromium is told whom to trust.

    The chain is verified here, against the emulator's CA; Chromium has no option for a CA of its own.
    """
    at = urlsplit(emulator.url)
    assert at.hostname
    assert at.port
    leaf = load_pem_x509_certificate(
        ssl.get_server_certificate((at.hostname, at.port), ca_certs=str(emulator.ca_file), timeout=10).encode()
    )
    key = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(sha256(key).digest()).decode()


@contextmanager
def running(trusted: Iterable[Emulator]) -> Iterator[Browser]:
    """Start Chromium, which believes these emulators' certificates, and connects to nothing but this machine."""
    arguments = [
        f"--ignore-certificate-errors-spki-list={','.join(map(fingerprint, trusted))}",
        "--no-proxy-server",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]",
        "--disable-gpu",
        "--font-render-hinting=none",
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable(), args=arguments, chromium_sandbox=os.geteuid() != 0
        )
        try:
            yield browser
        finally:
            browser.close()
