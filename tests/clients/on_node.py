"""Programs that run on Node: one that ends with its answer, and one that stays and takes orders. JSON in, JSON out."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty, Queue
from typing import Any

import pytest

from tests.conftest import ClientsNode

ANSWERS_WITHIN = 40.0  # seconds
ENDS_WITHIN = 10.0  # seconds


def answer(node: ClientsNode, script: str, job: object, variables: Mapping[str, str]) -> dict[str, Any]:
    """Run a script of the folder with a job on its standard input; what it says on its last line."""
    ended = subprocess.run(
        [node.node, node.folder / script],
        input=json.dumps(job),
        env=_environment(variables),
        cwd=node.folder,
        capture_output=True,
        text=True,
        timeout=ANSWERS_WITHIN,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout.strip().splitlines()[-1])
    return found


@dataclass
class Staying:
    """A script that runs until its standard input ends."""

    process: "subprocess.Popen[str]"
    said: "Queue[str]"

    def hear(self) -> dict[str, Any]:
        """The next line of it that is an object; what a library prints is passed over."""
        while True:
            try:
                line = self.said.get(timeout=ANSWERS_WITHIN)
            except Empty:
                pytest.fail("the script on Node does not answer", pytrace=False)
            if line.startswith("{"):
                found: dict[str, Any] = json.loads(line)
                return found

    def order(self, job: object) -> dict[str, Any]:
        """Give it one order and return its answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        return self.hear()


@contextmanager
def staying(node: ClientsNode, script: str, variables: Mapping[str, str]) -> Iterator[Staying]:
    """Start a script of the folder; end it when the block ends."""
    process = subprocess.Popen(
        [node.node, node.folder / script],
        env=_environment(variables),
        cwd=node.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
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
        yield Staying(process, said)
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


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "NODE_ENV": "test", **variables}
