"""Active checks: what is asked of an endpoint, what a good answer is, and how many it takes.

Pure: who asks, and when, is in manage/checks.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from porch.balance.endpoint import Endpoint
from porch.client import Answer, AnswerTooLarge
from porch.errors import (
    ConnectionRefused,
    ConnectTimeout,
    GatewayTimeout,
    PorchError,
    UpstreamStalled,
)
from porch.http.grpc_health import verdict
from porch.http.message import Field

__all__ = ["MOST_BODY", "Check", "Progress", "words_of"]

MOST_BODY = 1 << 20
"""Bytes of an answer's body; more is a failure, and is not read."""
LONGEST = 200
"""Characters of a reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What is asked, and how often.

    kind: "http", "tcp", "grpc", or "py:module:function". method, target, host, sends: of an HTTP
    request; host: of the endpoint if empty. port: in place of the endpoint's, if not 0.
    statuses: that are good, (first, last). body: that must be in the answer's. fields: of the
    answer, by lower-case name: a value, or whether it must be there. service: of gRPC, "" for the
    server as a whole.
    every, timeout: seconds. rise, fall: checks in a row that put an endpoint back and take it out.
    """

    kind: str = "http"
    method: bytes = b"GET"
    target: bytes = b"/"
    host: bytes = b""
    sends: tuple[Field, ...] = ()
    port: int = 0
    statuses: tuple[tuple[int, int], ...] = ((200, 299),)
    body: bytes = b""
    fields: Mapping[bytes, bytes | bool] = field(default_factory=dict)
    service: str = ""
    every: float = 5.0
    timeout: float = 2.0
    rise: int = 1
    fall: int = 2

    def judge(self, answer: Answer) -> str | None:
        """Why an answer is not good, in words; None if it is."""
        if self.kind == "grpc" and answer.status == 200:
            why = verdict([*answer.fields, *answer.trailers], answer.body)
            return None if why is None else _short(why)
        if not any(first <= answer.status <= last for first, last in self.statuses):
            return f"status {answer.status}"
        for name, wanted in self.fields.items():
            value = answer.get(name)
            is_right = (
                value == wanted if isinstance(wanted, bytes) else (value is not None) == wanted
            )
            if not is_right:
                said = "is missing" if value is None else f"is {value.decode('latin-1')}"
                return _short(f"the field {name.decode()} {said}")
        if self.body not in answer.body:
            return _short(f'the body is without "{self.body.decode("utf-8", "replace")}"')
        return None


class Progress:
    """Of one endpoint through its check. It is in rotation, or out of it, as it was found."""

    __slots__ = ("_bad", "_check", "_endpoint", "_good")

    def __init__(self, check: Check, endpoint: Endpoint) -> None:
        self._check = check
        self._endpoint = endpoint
        self._good = self._bad = 0

    def __repr__(self) -> str:
        return f"<Progress {self._endpoint.name} {self._good} good, {self._bad} bad>"

    def note(self, why: str | None) -> None:
        """The result of a check: why it failed, None if it did not."""
        check, endpoint = self._check, self._endpoint
        is_out = "unhealthy" in endpoint.out
        if why is None:
            self._good, self._bad = self._good + 1, 0
            if is_out and self._good >= check.rise:
                endpoint.put_back("unhealthy")
            return
        self._good, self._bad = 0, self._bad + 1
        if is_out or self._bad >= check.fall:
            endpoint.take_out("unhealthy", f"{_short(why)}, {check.fall} of {check.fall}")


def words_of(error: Exception, seconds: float) -> str:
    """What went wrong with a check that had so many seconds, without the endpoint's name."""
    within = f"within {seconds:g} s"
    match error:
        case ConnectionRefused():
            return "connection refused"
        case ConnectTimeout():
            return f"no connection {within}"
        case GatewayTimeout() | TimeoutError():
            return f"no answer {within}"
        case UpstreamStalled():
            return f"no whole answer {within}"
        case AnswerTooLarge():
            return "a body of more than 1 MB"
        case PorchError():
            return _short(error.detail.partition(": ")[2] or error.detail or error.word)
    return _short(f"{type(error).__name__}: {error}")


def _short(text: str) -> str:
    """One line of a length that fits a table."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
