from msgspec.structs import replace

from accredit.explain.twinning import members
from accredit.trust.written import WrittenTrust
from tests.support.trusting import credential


def test_a_twin_takes_several_audiences_as_what_it_is_the_twin_of():
    of = credential()
    plan = WrittenTrust.of(of, "deploy-bot")
    assert "multi_audience" not in members(plan, replace(of, multi_audience=None))
    several = members(plan, replace(of, multi_audience="listed", listed_audiences=("api://a",)))
    assert several["multi_audience"] == "listed"
    assert several["listed_audiences"] == ("api://a",)
