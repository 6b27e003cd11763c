"""The same over HTTP/2, whose fields and trailers come another way."""

from collections.abc import Callable, Iterator

import pytest
from h2.events import TrailersReceived

from porch.forward.headers import Forwarding
from porch.shield.auth import TELL_IDENTITY, Authenticate
from tests.scenario.conftest import scenario  # noqa: F401
from tests.shield.test_auth import ANN, Says
from tests.support.h2_story import CHUNKED, leave, origin, spoken
from tests.support.multiplexed import Multiplexed
from tests.support.scenario import Scenario

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"
FORWARDING = Forwarding(via=b"", withheld=frozenset((b"x-forwarded-user", b"x-key")))


@pytest.fixture
def tale(monkeypatch: pytest.MonkeyPatch) -> Iterator[Multiplexed]:
    made = Multiplexed(monkeypatch, filters=[Authenticate([Says(ANN)])], forwarding=FORWARDING)
    plan = made.setup.route.plan
    plan.on_upstream_request = (*plan.on_upstream_request, TELL_IDENTITY.on_upstream_request)
    yield made
    made.finish()


def alike(tale: Multiplexed) -> list[tuple[bytes, bytes]]:
    outgoing = tale.latest.outgoing
    assert outgoing is not None
    return [
        each
        for each in outgoing.fields
        if each[0].translate(None, b"-_.~") in (b"xforwardeduser", b"xkey")
    ]


def test_nobody_passes_for_another(tale: Multiplexed) -> None:
    forged = [
        (b"x-forwarded-user", b"admin"),
        (b"x-forwarded-user", b"root"),
        (b"x_forwarded_user", b"admin"),
        (b"x.forwarded.user", b"admin"),
        (b"x-key", b"k"),
    ]
    one = tale.asks(b"/a", *forged)
    tale.upstream_gets(b"GET /a").upstream(OK)
    tale.answer(one, 200, b"hi")
    assert alike(tale) == [(b"x-forwarded-user", b"ann")]


@pytest.mark.parametrize(
    ("behind", "passes"),
    [
        ([(b"x-forwarded-user", b"admin"), (b"x-key", b"k")], []),
        ([(b"x-sum", b"7"), (b"x.key", b"k"), (b"x_key", b"k")], [(b"x-sum", b"7")]),
        ([(b"x.key", b"k")], []),
    ],
)
def test_nobody_says_it_behind_the_body(
    tale: Multiplexed, behind: list[tuple[bytes, bytes]], passes: list[tuple[bytes, bytes]]
) -> None:
    one = tale.asks(b"/a", method=b"POST", end=False)
    tale.says(one, b"ab")
    tale.does(lambda far: far.send_headers(one, behind, end_stream=True))
    tale.upstream_gets(b"POST /a", b"ab", trailers=passes)
    tale.upstream(OK)
    tale.answer(one, 200, b"hi")


def test_nor_to_an_origin_that_speaks_it(scenario: Callable[..., Scenario]) -> None:  # noqa: F811
    story = spoken(scenario(forwarding=FORWARDING))
    story.client(CHUNKED + b"1\r\na\r\n0\r\nx-key: k\r\nx-forwarded-user: admin\r\n\r\n")
    far = origin(story)
    assert (far.requests[1].ended, far.requests[1].trailers) == (True, [])
    assert not [each for each in far.events if isinstance(each, TrailersReceived)], "no empty block"
    far.answer(1, body=b"hi")
    story.client_gets(200, b"hi").ended(1, "")
    leave(story, far)
