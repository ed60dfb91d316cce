"""What lies behind an exception: libraries wrap the error of the system, which says most."""

from collections.abc import Iterator


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and those that led to it, the latest first."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
