"""What is a failure, and what is refused to who has asked wrongly."""

from porch.errors import (
    BadRequest,
    BodyTooLarge,
    ClientGone,
    ConnectionRefused,
    NoEndpoint,
    NoRoute,
    NoSite,
    PorchError,
    RequestTimeout,
)
from porch.observe.refusals import REFUSALS, split


def test_errors_that_are_answered_below_500_are_refusals_and_others_failures() -> None:
    refused: list[type[PorchError]] = [NoSite, NoRoute, BadRequest, BodyTooLarge, RequestTimeout]
    failed: list[type[PorchError]] = [ConnectionRefused, NoEndpoint, ClientGone]
    assert {each.word for each in refused} <= REFUSALS
    assert all(400 <= each.status < 500 for each in refused)
    assert not {each.word for each in failed} & REFUSALS


def test_counts_are_told_apart_in_their_order() -> None:
    told = {"connection_refused": 3, "no-site": 2, "client_gone": 1, "no-route": 1}
    failures, refused = split(told)
    assert [*failures.items()] == [("connection_refused", 3), ("client_gone", 1)]
    assert [*refused.items()] == [("no-site", 2), ("no-route", 1)]
