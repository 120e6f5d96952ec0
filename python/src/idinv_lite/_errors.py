"""What calls raise: one class for each kind of failure, with the file and the reason as attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._result import Inversion


class IdinvError(Exception):
    """A failed call.

    Attributes:
        reason: what happened, where, and what was expected, in one line.
        path: the file that it is about; None where it is about none.
        status: the library's status, which is the exit code of the command.
    """

    status = 70

    def __init__(self, reason: str, path: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path


class InvalidArgumentError(IdinvError, ValueError):
    """A parameter has a value that the call does not accept."""

    status = 64


class BadDataError(IdinvError, ValueError):
    """Contents are of no use: damaged, of another kind or model, or without the network that the call needs."""

    status = 65


class MissingFileError(IdinvError, FileNotFoundError):
    """An input file does not exist or may not be opened."""

    status = 66


class UnavailableError(IdinvError, RuntimeError):
    """The machine or the memory budget lacks what the call needs."""

    status = 69


class InternalError(IdinvError, RuntimeError):
    """A fault of the library."""

    status = 70


class InputOutputError(IdinvError, OSError):
    """A file cannot be created, or the file system failed."""

    status = 74


class CancelledError(IdinvError):
    """The progress handler stopped the call before there was a result."""

    status = 130


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during an inversion, which has stopped cleanly.

    Attributes:
        result: the best codes so far; None where there are none.
    """

    def __init__(self, result: Inversion | None) -> None:
        super().__init__()
        self.result = result


_CLASSES: dict[int, type[IdinvError]] = {
    kind.status: kind
    for kind in (
        InvalidArgumentError,
        BadDataError,
        MissingFileError,
        UnavailableError,
        InternalError,
        InputOutputError,
        CancelledError,
    )
}
_CLASSES[73] = InputOutputError


def error_of(status: int, reason: str, path: str | None = None) -> IdinvError:
    """The exception for a status of the library."""
    error = _CLASSES.get(status, InternalError)(reason, path)
    error.status = status
    return error
