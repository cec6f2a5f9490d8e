"""The first difference, in words, of an attempt that was refused: what its event says to who reads it later.

Rule 1: the order is that of ``rank``, and so of the whole explanation: the same credential is named by both.
Rule 2: what is said goes into the log: every value in it went through ``signins.kept``; no person is named.
"""

from __future__ import annotations

from heapq import nlargest
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from accredit.explain.model import LONGEST_SENTENCE
from accredit.explain.ranking import rank, resemblance
from accredit.explain.reasons import REASONS, nobody, why
from accredit.signins import keep_verdicts, kept

if TYPE_CHECKING:
    from accredit.assertions import Presented
    from accredit.errors import Refused
    from accredit.signins import Event, SignIn
    from accredit.trust import Verdict

CONSIDERED: Final = 20  # credentials whose difference is put into words for one event
COMPARED: Final = 500  # credentials among which those are looked for


def worded(event: Event, signin: SignIn, refused: Refused) -> Event:
    """Add why ``refused`` came about, where a federated assertion was compared with what its application trusts.

    After a miss it is the first difference of the nearest credential, which then is ``verdicts[0]``; after a match it
    is what the credential that the event names did not bear out. It costs some 30 microseconds for each credential.
    """
    matched, presented = signin.matched, signin.presented
    if matched is None or presented is None:
        return event
    if matched.verdicts:
        verdicts, sentence = _first(matched.verdicts, presented)
        return replace(event, verdicts=keep_verdicts(verdicts), nearest=sentence)
    if not matched.credentials:
        return replace(event, nearest=nobody(event.app_name).sentence)
    if refused.row.name not in REASONS:
        return event
    record = signin.credential.issuer if signin.credential else None
    sentence = why(refused, presented, record, {}, signin.at).sentence
    return replace(event, nearest=kept(sentence, LONGEST_SENTENCE))


def _first(verdicts: tuple[Verdict, ...], presented: Presented) -> tuple[tuple[Verdict, ...], str]:
    """Return the verdicts, the nearest first, and its first difference. Only those who got furthest can be it."""
    furthest = max(each.reached for each in verdicts)
    among = [each for each in verdicts if each.reached == furthest]
    if len(among) > CONSIDERED:
        among = nlargest(CONSIDERED, among[:COMPARED], key=resemblance)
    ranked = rank(among, presented, traced=1)
    place = {each.credential_id: n for n, each in enumerate(ranked)}
    last = len(place)
    return tuple(sorted(verdicts, key=lambda each: place.get(each.credential.id, last))), ranked[0].sentence
