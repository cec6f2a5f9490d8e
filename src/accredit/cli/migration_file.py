"""Plans of a migration that are made where the command runs: of a file, and with ids that somebody typed in."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from accredit.cli import inputs
from accredit.explain.migration import Held, migrations
from accredit.explain.migration_written import write
from accredit.trust.written import WrittenTrust

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.cli.session import Session
    from accredit.explain.twin import Ids

    Json = dict[str, Any]


def rows(session: Session, path: str, typed: Mapping[str, Ids]) -> list[Json]:
    """Return where the credentials of a file stand, as the limits of Entra ID have it."""
    from accredit.app.chance import now
    from accredit.interop.files import LARGEST, read
    from accredit.interop.findings import STDIN

    document = read(inputs.text_file(path, most=LARGEST), STDIN if path == "-" else path)
    for note in document.notes:
        session.remark(note)
    of: defaultdict[str, list[Held]] = defaultdict(list)
    for each in document.trusts:
        of[each.application].append(Held(trust=each))
    found = (migrations(held, now=now(), portable=True, typed=typed) for held in of.values())
    return [write(each) for several in found for each in several]


def planned(row: Mapping[str, Any]) -> WrittenTrust:
    """Read the plan of a row."""
    plan = row["plan"]
    matching = plan["claimsMatchingExpression"]
    return WrittenTrust(
        name=plan["name"],
        issuer=plan["issuer"],
        subject=plan["subject"],
        expression=matching and matching["value"],
        language_version=matching["languageVersion"] if matching else 1,
        audiences=tuple(plan["audiences"]),
        description=plan["description"],
        application=row["appDisplayName"],
    )
