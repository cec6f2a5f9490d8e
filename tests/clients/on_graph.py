"""Microsoft's Graph SDK, unmodified, in a process that takes orders: importing it costs seconds. JSON in, JSON out."""

import json
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import pytest

SCRIPT = Path(__file__).parent / "graph" / "client.py"
STARTS_WITHIN = 60.0  # seconds
ANSWERS_WITHIN = 40.0  # seconds
ENDS_WITHIN = 10.0  # seconds
Step = str | list[Any]


class Refused(Exception):
    """What the SDK raises when Graph refuses: status, code, message and ids of its ODataError."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(error["message"])
        self.status = error["status"]
        self.code = error["code"]
        self.message = error["message"]
        self.error = error


@dataclass
class Sdk:
    """The running program, and what every client is made with."""

    process: "subprocess.Popen[str]"
    said: "Queue[str]"
    usual: dict[str, Any] = field(default_factory=dict)

    def with_(self, **usual: Any) -> "Sdk":
        """The same program for another caller."""
        return Sdk(self.process, self.said, {**self.usual, **usual})

    def hear(self, within: float = ANSWERS_WITHIN) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(self.said.get(timeout=within))
        except Empty:
            pytest.fail("the program with msgraph-sdk does not answer", pytrace=False)
        return found

    def order(self, **order: Any) -> Any:
        """Give it one order. Raises ``Refused`` for an ODataError."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({**self.usual, **order}) + "\n")
        self.process.stdin.flush()
        told = self.hear()
        if "ODataError" in told:
            raise Refused(told["ODataError"])
        assert "answer" in told, told
        return told["answer"]

    def call(self, verb: str, *path: Step, **order: Any) -> Any:
        return self.order(do="call", verb=verb, path=path, **order)

    def get(self, *path: Step, **order: Any) -> Any:
        return self.call("get", *path, **order)

    def post(self, *path: Step, body: Any, **order: Any) -> Any:
        return self.call("post", *path, body=body, **order)

    def patch(self, *path: Step, body: Any, **order: Any) -> Any:
        return self.call("patch", *path, body=body, **order)

    def delete(self, *path: Step, **order: Any) -> Any:
        return self.call("delete", *path, **order)


def a(kind: str, **members: Any) -> dict[str, Any]:
    """An object of the SDK: ``a("application.Application", display_name="x")``."""
    return {"$model": f"models.{kind}", **members}


def uuid(value: object) -> dict[str, str]:
    return {"$uuid": str(value)}


@contextmanager
def running(python: Path) -> Iterator[Sdk]:
    """Start the program; end it when the block ends."""
    process = subprocess.Popen(
        [python, SCRIPT],
        env={"PATH": "/usr/bin:/bin", "PYTHONWARNINGS": "ignore"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    said: Queue[str] = Queue()

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said.put(line)

    reader = threading.Thread(target=listen, daemon=True)
    reader.start()
    try:
        sdk = Sdk(process, said)
        sdk.hear(STARTS_WITHIN)
        yield sdk
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join()
        assert process.stdout is not None
        process.stdout.close()
