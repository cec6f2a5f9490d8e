"""Which refusal a call ends with."""

from collections.abc import Callable

from accredit.errors import Refused, Row


def refusal(call: Callable[..., object], *arguments: object, **options: object) -> Row | None:
    """The row that ``call`` is refused with, or ``None`` when it is not. Any other exception is an accident."""
    try:
        call(*arguments, **options)
    except Refused as refused:
        return refused.row
    return None
