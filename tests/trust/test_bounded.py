"""What one request costs is bounded, however many credentials an application has and however they are written."""

from time import thread_time

import pytest
from msgspec.structs import replace

from accredit.explain import explain
from accredit.trust import Trusted, match
from accredit.trust import expression as language
from tests.forge import NOW
from tests.support.trusting import credential, presented

DEAREST = {  # of an expression that may be saved: long patterns that fail on the last character
    1: " and ".join(["claims['sub'] matches '" + "*a" * 100 + "b'"] * 15),
    2: " and ".join(["claims['sub'] matches '" + "**a" * 15 + "**b'"] * 32),
}
FEW, MANY = 50, 3_200
TOKEN = presented(extended=True, sub="a" * 4_096)


def trusted(count, version):
    dear = language.parse(DEAREST[version], version)
    held = [replace(credential(n, expression="claims['sub'] eq 'x'"), expression=dear) for n in range(1, count + 1)]
    return Trusted(held, multi_audience="contained")


def spent(call):
    found = []
    for _ in range(3):
        began = thread_time()
        call()
        found.append(thread_time() - began)
    return min(found)


@pytest.mark.slow
@pytest.mark.parametrize("version", [1, 2])
def test_sixty_four_times_the_expressions_cost_what_it_takes_to_name_them(version):
    few, many = (trusted(count, version) for count in (FEW, MANY))
    assert not match(many, TOKEN).credentials
    elsewhere = presented(iss="https://other.example")
    bare = spent(lambda: match(many, elsewhere))  # no expression is asked
    assert spent(lambda: match(many, TOKEN)) < 4 * spent(lambda: match(few, TOKEN)) + 2 * bare


@pytest.mark.slow
@pytest.mark.parametrize("version", [1, 2])
def test_explaining_costs_a_request_and_a_few_traces_however_many_there_are(version):
    few, many = (trusted(count, version) for count in (FEW, MANY))
    once = spent(lambda: explain(TOKEN, few, client="a", now=NOW))  # about 0.25 s on an idle machine
    assert spent(lambda: explain(TOKEN, many, client="a", now=NOW)) < 4 * once
