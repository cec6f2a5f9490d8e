import inspect

from accredit.administer.key_watch import KeyWatch
from accredit.app.key_watch import KeyWatching


def test_what_watches_keys_does_all_that_administering_asks_of_it():
    asked = {name: each for name, each in vars(KeyWatch).items() if inspect.isfunction(each) and name[0] != "_"}
    assert len(asked) == 8
    for name, each in asked.items():
        done = getattr(KeyWatching, name)
        assert [*inspect.signature(done).parameters] == [*inspect.signature(each).parameters], name
        assert inspect.iscoroutinefunction(done) == inspect.iscoroutinefunction(each), name
