"""Surroundings of a workload that does not exist, and tokens that nobody signed: a source does not judge them."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from accredit.client.sources.source import Surroundings

AUDIENCE = "api://AzureADTokenExchange"
END = 4_102_444_800  # of the year 2099


def unsigned(**claims: Any) -> str:
    """A token as a platform makes them, but for its signature."""
    said = {"iss": "https://platform.example", "sub": "job", "aud": AUDIENCE, "exp": END, **claims}
    parts = ({"alg": "RS256", "typ": "JWT"}, {name: value for name, value in said.items() if value is not None})
    return ".".join([*(urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode() for each in parts), "c2ln"])


def around(environment: Mapping[str, str], root: Path | None = None, **more: Any) -> Surroundings:
    """What a job sees that has these variables; ``root``: and these files."""
    return Surroundings(environment=environment, root=root or Path("/nonexistent"), **more)


def program(folder: Path, name: str, script: str) -> str:
    """A program in a folder of its own, and the PATH in which it is found."""
    folder.mkdir(exist_ok=True)
    made = folder / name
    made.write_text(f"#!/bin/sh\n{script}\n")
    made.chmod(0o755)
    return f"{folder}:/usr/bin:/bin"
