"""Tokens of somebody else on the same platform, who knows the trust and does what he can to fit it.

He has another organization, and so another name and other ids for it and for all that is in it. Everything that he can
choose he chooses as the trust has it: names of repositories and projects, branches, environments, whatever is no id.
"""

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from accredit.trust import presets
from accredit.trust.presets import Claim, Preset, SubjectParts

SAMPLES: dict[str, dict[str, Any]] = {
    name: sample["claims"]
    for name, sample in json.loads((Path(__file__).parents[2] / "data/sample-claims.json").read_text("utf-8"))[
        "samples"
    ].items()
}
OWNED = ("tenant", "project", "account")  # of these the stranger has ids of his own
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
Claims = dict[str, Any]
Path_ = tuple[str, ...]


def shared() -> tuple[Preset, ...]:
    """The platforms that have one issuer for all their customers, and samples of its tokens."""
    found = (presets.preset(each) for each in presets.ids())
    return tuple(each for each in found if each.issuer.shared and any(samples(each)))


def samples(preset: Preset) -> list[Claims]:
    """The platform's sample tokens of the issuer that all customers have."""
    found = [SAMPLES[each] for each in preset.samples if each in SAMPLES]
    return [each for each in found if each.get("iss") in preset.issuer.canonical]


def names(victim: str) -> st.SearchStrategy[str]:
    """Names of another organization; some are made to look like the victim's."""
    odd = [f"{victim}-evil", f"evil-{victim}", f"{victim}x", victim.upper(), f"evil/{victim}", victim[:-1], "evil"]
    fresh = st.from_regex(r"[a-z][a-z0-9-]{0,12}", fullmatch=True)
    return (st.sampled_from(odd) | fresh).filter(lambda name: name not in {"", victim} and "/" not in victim)


@st.composite
def strangers(draw: st.DrawFn, preset: Preset, victim: Claims) -> Claims:
    """Draw the claims of somebody else who has copied the victim's as far as the platform lets him."""
    token = deepcopy(victim)
    changed: dict[Path_, tuple[Any, Any]] = {}
    for claim in _beside_subject(preset):
        old = _at(token, claim.path)
        theirs = claim.of in OWNED if claim.cls == "id" else claim.cls == "name" and _of(preset, claim) == "tenant"
        if theirs and isinstance(old, str | int) and not isinstance(old, bool):
            changed[claim.path] = (old, _twin(changed, old) or draw(_other(old, claim.cls)))
            _put(token, claim.path, changed[claim.path][1])
    parts = preset.read_subject(str(token.get("sub", "")))
    if parts is not None:
        token["sub"] = draw(_subject(parts, str(token["sub"]), changed))
    for name, old in list(token.items()):  # names of projects that are paths begin with the owner's name
        if name != "job_workflow_ref" and isinstance(old, str) and (name,) not in changed and name != "sub":
            token[name] = _moved(old, changed)
    return token


def mine(preset: Preset, subject: str, victim: Claims) -> bool:
    """Whether a subject is still one that the platform would write for the stranger, and not for the victim."""
    found, theirs = preset.read_subject(subject), preset.read_subject(str(victim.get("sub", "")))
    if found is None or theirs is None or found.form.name != theirs.form.name:
        return found is None and theirs is None
    owned = [name for name, part in found.form.segments.items() if part.of == "tenant" or part.cls == "id"]
    return all(found.values.get(each) != theirs.values.get(each) for each in owned)


def _subject(parts: SubjectParts, subject: str, changed: dict[Path_, tuple[Any, Any]]) -> st.SearchStrategy[str]:
    """The subject with what is the stranger's own in it; the rest is the victim's, or made to hide the victim's in."""
    pieces: list[st.SearchStrategy[str]] = []
    at = 0
    for name, (start, end) in sorted(parts.spans.items(), key=lambda each: each[1]):
        pieces += [st.just(subject[at:start]), _segment(parts, name, subject, changed)]
        at = end
    pieces.append(st.just(subject[at:]))
    return st.tuples(*pieces).map("".join)


def _segment(parts: SubjectParts, name: str, subject: str, changed: dict[Path_, tuple[Any, Any]]) -> Any:
    part, text = parts.segment(name), parts.values[name]
    if twin := _twin(changed, text):
        return st.just(twin)
    if part.of == "tenant" or (part.cls == "id" and part.of in OWNED):
        return _other(text, part.cls)
    if part.cls == "name" and name == "custom":
        return st.just(_composed(text, changed))
    if part.cls == "name" and part.of == "context":  # a branch may be called almost anything
        hidden = subject.replace(":", "%3A")
        return st.sampled_from(
            [text, text, f"{text}/{hidden}", f"refs/heads/{hidden}", f"x/{subject.replace(':', '/')}"]
        )
    return st.just(text)


def _composed(text: str, changed: dict[Path_, tuple[Any, Any]]) -> str:
    return ":".join(str(_twin(changed, word) or _moved(word, changed)) for word in text.split(":"))


def _moved(text: str, changed: dict[Path_, tuple[Any, Any]]) -> str:
    owner, slash, rest = text.partition("/")
    return f"{_twin(changed, owner) or owner}{slash}{rest}" if slash else text


def _twin(changed: dict[Path_, tuple[Any, Any]], old: Any) -> Any:
    """What the same value became elsewhere: the token says some things twice."""
    return next((new for was, new in changed.values() if was == old and type(was) is type(old)), None)


def _other(old: Any, cls: str) -> st.SearchStrategy[Any]:
    """Another value of the same kind."""
    if isinstance(old, int):
        return st.integers(1, 10**9).filter(lambda each: each != old)
    if cls == "name":
        return names(old) if "/" not in old else st.just(f"evil/{old}")
    if UUID.search(old):
        return st.uuids().map(lambda each: UUID.sub(str(each), old)).filter(lambda each: each != old)
    digits = st.from_regex(r"[1-9][0-9]{0,12}", fullmatch=True) | st.sampled_from([f"{old}1", f"1{old}"])
    other = digits if old.isdigit() else st.from_regex(r"[a-z0-9]{4,12}", fullmatch=True)
    return other.filter(lambda each: each != old)


def _beside_subject(preset: Preset) -> list[Claim]:
    """The claims of the ledger but for ``sub``, which is changed part by part."""
    return [each for each in preset.claims if each.path != ("sub",)]


def _of(preset: Preset, claim: Claim) -> str | None:
    """What a name is the name of: as the ledger says, or as its id does."""
    pair = preset.claim((preset.learn.get(claim.path[0], ""),)) if len(claim.path) == 1 else None
    return claim.of or (pair.of if pair else None)


def _at(claims: Claims, path: Path_) -> Any:
    value: Any = claims
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _put(claims: Claims, path: Path_, value: Any) -> None:
    for name in path[:-1]:
        claims = claims[name]
    claims[path[-1]] = value


@st.composite
def neighbours(draw: st.DrawFn, preset: Preset, victim: Claims, of: str) -> Claims | None:
    """Draw the claims of another project, or account, of the same customer: other names and other ids, all else alike.

    ``None`` where the platform's tokens say nothing of it.
    """
    token = deepcopy(victim)
    changed: dict[Path_, tuple[Any, Any]] = {}
    for claim in _beside_subject(preset):
        old = _at(token, claim.path)
        if _of(preset, claim) == of and claim.cls in {"id", "name"} and isinstance(old, str):
            new = _twin(changed, old) or (f"{old}-2" if claim.cls == "name" else draw(_other(old, "id")))
            changed[claim.path] = (old, new)
            _put(token, claim.path, new)
    parts = preset.read_subject(str(token.get("sub", "")))
    if parts is None or (not changed and all(part.of != of for part in parts.form.segments.values())):
        return None
    subject, at = "", 0
    for name, (start, end) in sorted(parts.spans.items(), key=lambda each: each[1]):
        part, text = parts.segment(name), parts.values[name]
        other: Any = text
        if name == "custom":
            other = _composed(text, changed)
        elif part.of == of and part.cls in {"id", "name"}:
            other = _twin(changed, text) or (f"{text}-2" if part.cls == "name" else draw(_other(text, "id")))
        subject, at = subject + victim["sub"][at:start] + str(other), end
    token["sub"] = subject + victim["sub"][at:]
    return token
