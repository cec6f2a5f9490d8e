"""The test issuers, as a test drives them: tokens as the platforms sign them, and as they should never be."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, Final

from accredit.testidp import FAULTS, OUTAGES
from accredit.testidp.native import Environment
from accredit.testidp.near import meant
from accredit.testing.place import KitError
from accredit.testing.variables import Variables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from accredit.testing.place import Place

REPOSITORY: Final = "octo-org@123456/octo-repo@456789"
GITHUB: Final = "github"
DOWN: Final = "status_500"
_REPOSITORY: Final = re.compile(
    r"(?P<owner>[^@/\s]+)(?:@(?P<owner_id>[0-9]+))?/(?P<name>[^@/\s]+)(?:@(?P<id>[0-9]+))?", re.ASCII
)


class Repository:
    """A repository as people write it: ``octo-org/octo-repo``, or with ids, ``octo-org@123456/octo-repo@456789``."""

    def __init__(self, text: str) -> None:
        found = _REPOSITORY.fullmatch(text)
        if found is None or (found["owner_id"] is None) != (found["id"] is None):
            raise KitError(f"a repository is written OWNER/NAME or OWNER@ID/NAME@ID, not {text!r}")
        self.owner, self.owner_id, self.name, self.id = found["owner"], found["owner_id"], found["name"], found["id"]

    @property
    def claimed(self) -> dict[str, object]:
        """The parameters of a token of it: where ids are known, the subject has them."""
        said: dict[str, object] = {"repository": f"{self.owner}/{self.name}", "immutable": self.id is not None}
        ids = {"repository_id": self.id, "repository_owner_id": self.owner_id}
        return said | {name: value for name, value in ids.items() if value is not None}

    @property
    def form(self) -> dict[str, str]:
        """The fields of the preset's form."""
        fields = {"org": self.owner, "org_id": self.owner_id, "repo": self.name, "repo_id": self.id}
        return {name: value for name, value in fields.items() if value is not None}


class Fault:
    """A fault that is there already. The end of a block undoes it."""

    def __init__(self, undo: Callable[[], None]) -> None:
        self._undo = undo

    def __enter__(self) -> None:
        """Do nothing: the fault is there."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo()


class Idp:
    """All issuers of one authority. What a test changes about them is undone by ``heal``."""

    def __init__(self, place: Place, folder: Callable[[], Path]) -> None:
        self._place = place
        self._folder = folder
        self._faults: tuple[str, ...] = ()
        self._down: dict[str, None] = {}

    @property
    def url(self) -> str:
        """Where they answer."""
        return str(self._place.ready["url"]) + "/idp"

    def github(self, repository: str = REPOSITORY, **more: Any) -> str:  # noqa: ANN401  by name
        """Sign a token of a job in GitHub Actions.

        ``more``: ``environment``, ``branch``, ``tag``, ``pull_request``, ``audience`` and other parameters of the
        dialect, or arguments of ``mint``.
        """
        return self.mint(GITHUB, **{**Repository(repository).claimed, **more})

    def mint(
        self,
        dialect: str,
        *,
        overrides: Mapping[str, object] | None = None,
        header: Mapping[str, object] | None = None,
        faults: Sequence[str] | None = None,
        times: Mapping[str, int | None] | None = None,
        sample: str | None = None,
        instance: str | None = None,
        **params: object,
    ) -> str:
        """Sign a token in a platform's dialect (``accredit idp dialects``). ``params`` are the dialect's own.

        ``overrides``: claims in place of its own, ``None`` is JSON null. ``times``: seconds from now in place of its
        own, ``None`` leaves the date out. ``faults``: names of ``accredit idp faults``.
        """
        body: dict[str, object] = {
            "dialect": dialect,
            "params": params,
            "overrides": dict(overrides or {}),
            "header": dict(header or {}),
            "faults": list(self._faults if faults is None else faults),
            "times": dict(times or {}),
        }
        body |= {name: value for name, value in (("sample", sample), ("instance", instance)) if value is not None}
        return str(self._place.control("_mint", body)["token"])

    def fault(self, *names: str, dialect: str = GITHUB) -> Fault:
        """Let every token be wrong in these ways from now on; of an issuer's fault, its documents.

        As a context manager, while the block runs; else until ``heal``, and at most to the end of the test.
        """
        if unknown := [each for each in names if each not in FAULTS and each not in OUTAGES]:
            raise KitError(f"there is no fault {unknown[0]} ({meant(unknown[0], (*FAULTS, *OUTAGES))})")
        before, of_issuer = self._faults, [each for each in names if each not in FAULTS]
        self._faults += tuple(each for each in names if each in FAULTS)
        for each in of_issuer:
            self.down(dialect, mode=each)

        def undo() -> None:
            self._faults = before
            if of_issuer:
                self.up(dialect)

        return Fault(undo)

    def down(self, dialect: str = GITHUB, *, mode: str = DOWN) -> None:
        """Make the documents of an issuer wrong, in a way of ``accredit idp faults``. Known keys still hold."""
        self._down[dialect] = None
        self._place.control(f"{dialect}/_down", {"mode": mode})

    def up(self, dialect: str = GITHUB) -> None:
        """Make them right again."""
        self._place.control(f"{dialect}/_down", {"mode": None})
        self._down.pop(dialect, None)

    def rotate_keys(self, dialect: str = GITHUB, *, keep_previous: bool = True) -> None:
        """Let new keys sign; the previous ones stay published, or are dropped at once."""
        self._place.control(f"{dialect}/_rotate", {"keep_previous": keep_previous})

    def environment(self, dialect: str = GITHUB, **params: object) -> Variables:
        """Begin a job on a platform; return what its own unmodified clients find around it, to be set with ``with``."""
        if dialect in {GITHUB, "github_actions"} and isinstance(text := params.get("repository"), str):
            params = {**params, **Repository(text).claimed}
        return self.begin({"dialect": dialect, "params": params})

    def begin(self, request: Mapping[str, object]) -> Variables:
        """Begin a job as ``environment`` does, of which everything is said as for ``POST /idp/_mint``."""
        begun = self._place.control("_environment", request)
        found = Environment(begun["variables"], begun["files"], begun["paths"])
        return Variables(found.written(Path(mkdtemp(dir=self._folder()))))

    def heal(self) -> None:
        """Undo what this changed, keys excepted: whoever looks at them later sees one more."""
        self._faults = ()
        for each in tuple(self._down):
            self.up(each)
