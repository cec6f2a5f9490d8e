"""What the stories need from outside stays a page: a port that grows is a design that fails."""

import inspect

from accredit import ports

MOST = 25  # methods of all ports together


def methods():
    """The methods that each port asks for itself; what it inherits is counted where it stands."""
    protocols = [each for each in vars(ports).values() if getattr(each, "_is_protocol", False)]
    own = [each for each in protocols if each.__module__ == ports.__name__]
    return [
        f"{each.__name__}.{name}"
        for each in own
        for name, member in vars(each).items()
        if inspect.isfunction(member)
        and member.__module__ == ports.__name__
        and (not name.startswith("_") or name == "__call__")
    ]


def test_all_ports_together_have_few_methods():
    found = methods()
    assert "Shelf.get" in found
    assert "Searched.search" in found
    assert len(found) <= MOST, found
