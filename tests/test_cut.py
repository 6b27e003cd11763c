"""The end of an answer that is not whole."""

from types import SimpleNamespace
from typing import Any

import pytest

from porch.cut import cut
from porch.errors import ClientGone, IncompleteResponse, PorchError
from porch.http.message import ResponseHead, Trailers

TRAILERS = Trailers([(b"a", b"b")])


class Exchange:
    """As much of one as is looked at. told: what the client was sent, or was given up with."""

    def __init__(self, *hooks: Any, length: int | None = None) -> None:
        self.response: ResponseHead | None = ResponseHead(200, [], length)
        self.route = SimpleNamespace(plan=SimpleNamespace(on_cut=hooks))
        self.client = self.keeper = self
        self.told: list[object] = []
        self.reports: list[Exception] = []

    def send(self, head: object, data: bytes, end: bool) -> None:
        assert (data, end) == (b"", True)
        self.told.append(head)

    def abort(self, error: PorchError) -> None:
        self.told.append(error)

    def report(self, exchange: object, error: Exception) -> None:
        self.reports.append(error)


def says(_: object, __: object) -> Trailers:
    return TRAILERS


def says_nothing(_: object, __: object) -> None:
    return None


def raises(_: object, __: object) -> None:
    raise ValueError("a defect")


def cut_short(exchange: Any, error: PorchError) -> list[object]:
    cut(exchange, error)
    told: list[object] = exchange.told
    return told


def test_without_a_word_for_it_the_client_sees_an_abort() -> None:
    error = IncompleteResponse()
    assert cut_short(Exchange(), error) == [error]
    assert cut_short(Exchange(says_nothing), error) == [error]


def test_the_first_word_is_said() -> None:
    assert cut_short(Exchange(says_nothing, says, raises), IncompleteResponse()) == [TRAILERS]


@pytest.mark.parametrize("length", [0, 9])
def test_a_length_that_was_promised_is_broken_visibly(length: int) -> None:
    error = IncompleteResponse()
    assert cut_short(Exchange(says, length=length), error) == [error]


def test_nobody_is_told_who_is_gone() -> None:
    error = ClientGone()
    assert cut_short(Exchange(says), error) == [error]


def test_without_an_answer_there_is_nothing_to_end() -> None:
    exchange, error = Exchange(says), IncompleteResponse()
    exchange.response = None
    assert cut_short(exchange, error) == [error]


def test_a_hook_that_raises_is_reported_and_the_answer_still_ends() -> None:
    exchange, error = Exchange(raises), IncompleteResponse()
    assert cut_short(exchange, error) == [error]
    assert [type(each) for each in exchange.reports] == [ValueError]
