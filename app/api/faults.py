"""What can be wrong with a request, as classes; errors.py says which status each has, and how it is told over HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a request; `pointer` is a JSON pointer (RFC 6901) or the name of a parameter."""

    pointer: str
    message: str


@dataclass(eq=False)
class ApiError(Exception):
    """An error that a route raises on purpose. `detail` must hold no value of a patient."""

    detail: str
    faults: Sequence[Fault] = ()
    extra: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.detail


class InvalidRequestError(ApiError):
    """The request is well-formed JSON but says something impossible."""


class TrialNotFoundError(ApiError):
    """No such trial is stored."""


class CursorError(ApiError):
    """A cursor that this service did not give, or gave for other filters."""


class KeyRequiredError(ApiError):
    """A call that needs an API key came without a right one."""


class WritesOffError(ApiError):
    """Storing and withdrawing are off, since no key is configured."""


class NotAcceptableError(ApiError):
    """No form of the answer fits the Accept header."""


class NotReadyError(ApiError):
    """The store cannot be reached, or its tables are not there."""


class TooManyRequestsError(ApiError):
    """A client asked more often than the operator allows."""
