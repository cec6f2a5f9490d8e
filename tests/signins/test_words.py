"""What every face says of a result, of evidence and of a proof."""

from uuid import UUID

from accredit.interop import help as told
from accredit.signins import Event, words
from tests.forge import NOW
from tests.support.every import every

CODES = {
    "a number": ("700213", 700213),
    "a label": ("AADSTS700213", 700213),
    "a label in small letters": ("aadsts700213", 700213),
    "one of ours": ("ACC2500", 2500),
    "a number that no refusal has": ("AADSTS123456789", None),
    "a word": ("subject", None),
    "nothing": ("", None),
}
PROOFS = {
    "a key that has a name": ({"proof": "proven", "kid": "k1"}, "signed with key k1 of the registered issuer"),
    "a key without one": ({"proof": "proven"}, "signed by the registered issuer"),
    "a secret": (
        {"proof": "proven", "evidence": "clientSecret"},
        "what was sent is a secret of the application",
    ),
    "a signature that did not hold": (
        {"proof": "unproven"},
        "what is registered here does not bear it out: anyone can send this",
    ),
    "nobody looked": ({"proof": "unknown"}, "nobody has proven who sent it: anyone can send this"),
}


@every("quoted, number", CODES.values(), ids=CODES)
def test_a_code_is_read_as_people_quote_it(quoted, number):
    assert words.number(quoted) == number


@every("members, said", PROOFS.values(), ids=PROOFS)
def test_a_proof_is_told(members, said):
    event = Event(
        id=UUID(int=1),
        at=NOW,
        tenant_id=UUID(int=2),
        app_id=UUID(int=3),
        app_name="deploy-bot",
        principal_id=UUID(int=4),
        correlation_id=UUID(int=1),
        address="203.0.113.9",
        **{"evidence": "federatedIdentityCredential", **members},
    )
    assert words.proof(event) == said


def test_a_result_is_told():
    assert [words.code(700213), words.code(2500)] == ["AADSTS700213", "ACC2500"]
    assert words.meaning(0) == "granted"
    assert words.meaning(1) == ""
    assert words.meaning(700213).startswith("No matching federated identity record found")
    said = words.rows(700016)[0].template.partition("{")[0]
    assert words.named(700016, f"{said}x") == words.rows(700016)[0].name.lower().replace("_", " ")
    assert words.named(700016, "something else") == ""
    assert words.evidence("clientSecret") == "client secret"


def test_a_code_or_a_rule_is_explained():
    (row,) = told.rows("aadsts700016")
    assert told.title(row) == row.name.lower().replace("_", " ")
    assert told.MOVES[row.move]
    assert told.SOURCES[row.mark]
    assert told.rows("FIC-PR") == []
    rule = told.rule("fic-pr")
    assert rule is not None
    assert rule.id == "FIC-PR"
    assert rule in told.rules()
    assert told.rule("FIC-NO-SUCH") is None
    assert told.rule("AADSTS700016") is None
