"""Small strict readers of HCL, Bicep and shell, written from their specifications and not from our writers.

Each knows only what a list of resources needs; whatever else occurs, an interpolation above all, is an error.
"""

import re
import shlex
from typing import Any

_HCL = re.compile(r'\s*(?:("(?:[^"\\\n]|\\.)*")|([A-Za-z_][A-Za-z0-9_.]*)|([{}\[\],=]))')
_BICEP = re.compile(r"\s*(?:('(?:[^'\\\n]|\\.)*')|([A-Za-z_@][A-Za-z0-9_.]*)|(-?\d+)|([{}\[\]():=]))")
_HCL_ESCAPE = re.compile(r'\\(?:([nrt"\\])|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))|\$\$\{|%%\{|(\$\{|%\{)|(\\)')
_BICEP_ESCAPE = re.compile(r"\\(?:([nrt'\\$])|u\{([0-9A-Fa-f]{1,6})\})|(\\)|(\$\{)")
_NAMED = {"n": "\n", "r": "\r", "t": "\t"}


def _tokens(text: str, token: re.Pattern[str]) -> list[str]:
    found, at = [], 0
    while text[at:].strip():
        match = token.match(text, at)
        if match is None:
            raise ValueError(f"no token at {text[at : at + 40]!r}")
        found.append(next(each for each in match.groups() if each is not None))
        at = match.end()
    return found


def hcl_string(token: str) -> str:
    def one(match: re.Match[str]) -> str:
        if match[4] or match[5]:
            raise ValueError(f"{match[0]!r} in {token!r}")
        if match[0] in {"$${", "%%{"}:
            return match[0][1:]
        if match[1]:
            return _NAMED.get(match[1], match[1])
        return chr(int(match[2] or match[3], 16))

    return _HCL_ESCAPE.sub(one, token[1:-1])


def bicep_string(token: str, **parameters: str) -> str:
    body = token[1:-1]
    for name, value in parameters.items():  # an interpolation at the beginning, of a parameter that is declared
        if body.startswith("${" + name + "}"):
            return value + bicep_string(f"'{body[len(name) + 3 :]}'")

    def one(match: re.Match[str]) -> str:
        if match[3] or match[4]:
            raise ValueError(f"{match[0]!r} in {token!r}")
        if match[1]:
            return _NAMED.get(match[1], match[1])
        return chr(int(match[2], 16))

    return _BICEP_ESCAPE.sub(one, body)


Block = tuple[list[str], dict[str, Any]]


def hcl(text: str) -> list[Block]:
    """Blocks: their heads, and their attributes. A reference is a tuple of its parts; blocks in one are under "{}"."""
    tokens = _tokens(re.sub(r"(?m)(^|[ \t])#[^\n\"]*$", "", text), _HCL)
    attributes, blocks = _hcl_body(tokens)
    assert not attributes
    return blocks


def _hcl_body(tokens: list[str]) -> tuple[dict[str, Any], list[Block]]:
    attributes: dict[str, Any] = {}
    blocks: list[Block] = []
    while tokens and tokens[0] != "}":
        head = [tokens.pop(0)]
        if tokens[0] == "=":
            tokens.pop(0)
            assert head[0] not in attributes
            attributes[head[0]] = _hcl_value(tokens)
            continue
        while tokens[0] != "{":
            head.append(hcl_string(tokens.pop(0)))
        tokens.pop(0)
        inside, below = _hcl_body(tokens)
        assert tokens.pop(0) == "}"
        blocks.append((head, inside | ({"{}": below} if below else {})))
    return attributes, blocks


def _hcl_value(tokens: list[str]) -> Any:
    token = tokens.pop(0)
    if token == "[":
        values = []
        while tokens[0] != "]":
            values.append(_hcl_value(tokens))
            if tokens[0] == ",":
                tokens.pop(0)
        tokens.pop(0)
        return values
    return hcl_string(token) if token.startswith('"') else tuple(token.split("."))


def plan(text: str) -> dict[str, Any]:
    """What ``terraform show -json`` says of a configuration whose every value is known."""
    planned, prior, configuration = [], [], []
    for head, attributes in hcl(text):
        if head[0] == "data":
            prior.append({"address": ".".join(head), "mode": "data", "type": head[1], "values": attributes})
        elif head[0] == "resource":
            address = ".".join(head[1:])
            known = {name: value for name, value in attributes.items() if not isinstance(value, tuple)}
            refers = {
                name: {"references": [".".join(value), ".".join(value[:-1])]}
                for name, value in attributes.items()
                if isinstance(value, tuple) and value[0] == "data"
            }
            planned.append({"address": address, "mode": "managed", "type": head[1], "values": known})
            configuration.append({"address": address, "expressions": refers})
        else:
            assert head[0] == "variable"
    return {
        "format_version": "1.2",
        "planned_values": {"root_module": {"resources": planned}},
        "prior_state": {"values": {"root_module": {"resources": prior}}},
        "configuration": {"root_module": {"resources": configuration}},
    }


def bicep(text: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """Resources by their symbolic names: their types and members. A parameter ``application`` is worth ``?``."""
    tokens, found = _tokens(re.sub(r"^//.*\n", "", text, flags=re.MULTILINE), _BICEP), {}
    while tokens:
        word = tokens.pop(0)
        if word == "extension":
            tokens.pop(0)
        elif word == "@description":
            assert [tokens.pop(0), bicep_string(tokens.pop(0)) and "", tokens.pop(0)] == ["(", "", ")"]
        elif word == "param":
            assert [tokens.pop(0), tokens.pop(0)] == ["application", "string"]
        else:
            assert word == "resource"
            symbol, kind, equals = tokens.pop(0), bicep_string(tokens.pop(0)), tokens.pop(0)
            assert equals == "="
            assert symbol not in found
            found[symbol] = (kind, _bicep_value(tokens))
    return found


def _bicep_value(tokens: list[str]) -> Any:
    token = tokens.pop(0)
    if token == "{":
        members: dict[str, Any] = {}
        while tokens[0] != "}":
            name, colon = tokens.pop(0), tokens.pop(0)
            assert colon == ":"
            members[name] = _bicep_value(tokens)
        tokens.pop(0)
        return members
    if token == "[":
        values = []
        while tokens[0] != "]":
            values.append(_bicep_value(tokens))
        tokens.pop(0)
        return values
    return bicep_string(token, application="?") if token.startswith("'") else int(token)


def commands(script: str) -> list[list[str]]:
    """The commands of a POSIX shell script that calls nothing but programs, as their words."""
    lexer = shlex.shlex(script, posix=True, punctuation_chars="\n")
    lexer.whitespace, lexer.commenters, lexer.whitespace_split = " \t", "", True
    found: list[list[str]] = [[]]
    for token in lexer:
        if token.strip("\n"):
            found[-1].append(token)
        else:
            found.append([])
    return [each for each in found if each]
