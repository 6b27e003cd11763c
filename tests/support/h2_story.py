"""Scenarios whose origin speaks HTTP/2."""

from porch.forward.address import TWO
from tests.support.h2_origin import H2Origin
from tests.support.scenario import Scenario

__all__ = ["CHUNKED", "GET", "POST", "leave", "origin", "spoken"]

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\n"
CHUNKED = b"POST /a HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"


def spoken(made: Scenario) -> Scenario:
    """The endpoints are h2c://."""
    for dialer in made.dialers:
        dialer.protocols, dialer.one = TWO, None
    return made


def origin(story: Scenario, settings: dict[int, int] | None = None, at: int = -1) -> H2Origin:
    """What is at the far end of the connection dialled last."""
    made = H2Origin(story.upstreams[at].transport, story._do, settings)
    made.hear()
    return made


def leave(story: Scenario, *origins: H2Origin) -> None:
    """The pool lets its connections go."""
    story.advance(4.5)
    for each in origins:
        each.hear()
        assert each.gone == 0
