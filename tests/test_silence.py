"""Whose silence it was."""

from types import SimpleNamespace
from typing import Any

import pytest

from porch.errors import (
    ClientGone,
    GatewayTimeout,
    PorchError,
    RequestTimeout,
    UpstreamStalled,
)
from porch.route.route import Timeouts
from porch.silence import verdict

TIMEOUTS = Timeouts()
QUIET = {
    "timeouts": TIMEOUTS,
    "route": SimpleNamespace(timeouts=TIMEOUTS),
    "client_full": False,
    "upstream_full": False,
    "half_closed": False,
    "upgraded": False,
    "response": None,
    "request_done": False,
    "endpoint": SimpleNamespace(name="10.0.0.1:80"),
}


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ({}, RequestTimeout),
        ({"request_done": True}, GatewayTimeout),
        ({"upstream_full": True}, GatewayTimeout),
        ({"request_done": True, "response": object()}, UpstreamStalled),
        ({"upgraded": True, "response": object()}, UpstreamStalled),
        ({"upgraded": True, "half_closed": True}, UpstreamStalled),
        ({"half_closed": True, "request_done": True}, ClientGone),
        ({"half_closed": True, "response": object()}, ClientGone),
        ({"client_full": True, "response": object()}, ClientGone),
        ({"timeouts": Timeouts(idle=1), "request_done": True}, GatewayTimeout),
        ({"timeouts": Timeouts(idle=1)}, UpstreamStalled),
        ({"timeouts": Timeouts(idle=1), "response": object()}, UpstreamStalled),
    ],
)
def test_each_kind_of_silence_has_its_error(state: dict[str, Any], kind: type[PorchError]) -> None:
    exchange: Any = SimpleNamespace(**{**QUIET, **state})
    assert type(verdict(exchange)) is kind


def test_a_silent_origin_is_named() -> None:
    exchange: Any = SimpleNamespace(**{**QUIET, "request_done": True})
    assert verdict(exchange).detail == "no answer from 10.0.0.1:80"
