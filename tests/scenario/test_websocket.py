"""What the two ends of a WebSocket are told when the door ends the tunnel (RFC 6455 5.5.1, 7.1)."""

from collections.abc import Callable

import pytest

from porch.http.websocket import Frames
from tests.http.test_websocket import CLOSE, PING, frame
from tests.support.scenario import Scenario

Make = Callable[..., Scenario]

ASK = b"GET /ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"

TO_CLIENT = b"\x88\x10" + b"\x03\xf4" + b"proxy_shutdown"
"""1012, service restart."""
TO_ORIGIN = (
    b"\x88\x90"
    + b"key!"
    + bytes(byte ^ b"key!"[at % 4] for at, byte in enumerate(b"\x03\xe9" + b"proxy_shutdown"))
)
"""1001, going away, under a key that is no secret here."""

AGREED = frame(b"\x03\xf4", masked=True, opcode=CLOSE)
"""What a client answers."""


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secrets.token_bytes", lambda count: b"key!"[:count])


def opened(story: Scenario) -> Scenario:
    return (
        story.client(ASK)
        .upstream_gets(b"GET /ws")
        .upstream(SWITCH)
        .client_gets(101)
        .client(frame(b"ping", masked=True))
        .upstream_gets(raw=frame(b"ping", masked=True))
        .upstream(frame(b"pong"))
        .client_gets(raw=frame(b"pong"))
    )


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("upstream_tls", [False, True])
def test_both_ends_are_told_and_close_when_they_agree(
    scenario: Make, tls: bool, upstream_tls: bool
) -> None:
    (
        opened(scenario(tls=tls, upstream_tls=upstream_tls))
        .drains()
        .client_sees("open")
        .closes_now()
        .client_gets(raw=TO_CLIENT)
        .upstream_gets(raw=TO_ORIGIN)
        .ended(1, "proxy_shutdown")
        .client_sees("open")
        .client(AGREED)
        .client_sees("closed")
        .upstream_sees("open")
        .upstream(frame(b"\x03\xe9", opcode=CLOSE))
        .upstream_eof()
        .upstream_sees("closed")
        .client_gets_nothing()
        .upstream_gets_nothing()
    )


def test_what_still_comes_is_dropped_until_they_agree(scenario: Make) -> None:
    more = frame(b"more", masked=True)
    (
        opened(scenario())
        .closes_now()
        .client_gets(raw=TO_CLIENT)
        .upstream_gets(raw=TO_ORIGIN)
        .client(more + more[:5])
        .client_sees("open")
        .client(more[5:] + AGREED[:3])
        .client_sees("open")
        .client(AGREED[3:])
        .client_sees("closed")
        .upstream(frame(b"more"))
        .upstream_sees("open")
        .upstream_eof()
        .upstream_sees("closed")
        .client_gets_nothing()
        .upstream_gets_nothing()
    )


@pytest.mark.parametrize("tls", [False, True])
def test_an_end_without_a_word_is_an_end_as_well(scenario: Make, tls: bool) -> None:
    (
        opened(scenario(tls=tls))
        .closes_now()
        .client_gets(raw=TO_CLIENT)
        .upstream_gets(raw=TO_ORIGIN)
        .client_eof()
        .client_sees("closed")
        .upstream_resets()
    )


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("upstream_tls", [False, True])
def test_who_does_not_agree_is_waited_for_two_seconds(
    scenario: Make, tls: bool, upstream_tls: bool
) -> None:
    (
        opened(scenario(tls=tls, upstream_tls=upstream_tls))
        .closes_now()
        .client_gets(raw=TO_CLIENT)
        .upstream_gets(raw=TO_ORIGIN)
        .closes_now()
        .drains()
        .advance(seconds=1.5)
        .client(frame(b"more", masked=True))
        .client_sees("open")
        .upstream_sees("open")
        .advance(seconds=1)
        .client_sees("closed")
        .upstream_sees("closed")
    )


def test_an_end_that_takes_nothing_is_given_up(scenario: Make) -> None:
    (
        opened(scenario())
        .client_full()
        .upstream_full()
        .closes_now()
        .advance(seconds=200)
        .client_gets_nothing()
        .upstream_gets_nothing()
        .upstream_sees("closed")
        .client_sees("reset")
    )


def test_inside_a_frame_nothing_can_be_said_to_a_client(scenario: Make) -> None:
    half = frame(b"half")[:-2]
    (
        opened(scenario())
        .upstream(half)
        .client_gets(raw=half)
        .closes_now()
        .client_sees("reset")
        .client_gets_nothing()
        .upstream_gets(raw=TO_ORIGIN)
        .upstream_eof()
    )


def test_inside_a_frame_nothing_can_be_said_to_an_origin(scenario: Make) -> None:
    half = frame(b"half", masked=True)[:-2]
    (
        opened(scenario())
        .client(half)
        .upstream_gets(raw=half)
        .closes_now()
        .upstream_sees("closed")
        .upstream_gets_nothing()
        .client_gets(raw=TO_CLIENT)
        .client(half[-2:] + AGREED)
        .client_sees("closed")
    )


def test_between_the_fragments_of_a_message_it_can_be_said(scenario: Make) -> None:
    first = frame(b"one", opcode=1, fin=False)
    ping = frame(b"", opcode=PING)
    (
        opened(scenario())
        .upstream(first[:2])
        .upstream(first[2:] + ping)
        .client_gets(raw=first + ping)
        .closes_now()
        .client_gets(raw=TO_CLIENT)
        .upstream_gets(raw=TO_ORIGIN)
        .client(AGREED)
        .client_sees("closed")
        .upstream_eof()
    )


def test_what_came_with_the_heads_is_counted(scenario: Make) -> None:
    early = frame(b"early", masked=True)
    (
        scenario()
        .client(ASK + early[:3])
        .upstream_gets(b"GET /ws")
        .upstream(SWITCH + frame(b"hello")[:4])
        .client_gets(101)
        .client_gets(raw=frame(b"hello")[:4])
        .upstream_gets(raw=early[:3])
        .client(early[3:])
        .upstream_gets(raw=early[3:])
        .upstream(frame(b"hello")[4:])
        .client_gets(raw=frame(b"hello")[4:])
        .closes_now()
        .client_gets(raw=TO_CLIENT)
        .upstream_gets(raw=TO_ORIGIN)
        .client(AGREED)
        .client_sees("closed")
        .upstream_eof()
    )


def test_after_a_close_of_their_own_none_is_added(scenario: Make) -> None:
    bye = frame(b"\x03\xe8", masked=True, opcode=CLOSE)
    (
        opened(scenario())
        .client(bye)
        .upstream_gets(raw=bye)
        .closes_now()
        .upstream_gets_nothing()
        .upstream_sees("open")
        .client_gets(raw=TO_CLIENT)
        .client_sees("closed")
        .upstream(frame(b"\x03\xe8", opcode=CLOSE))
        .upstream_eof()
        .upstream_sees("closed")
    )


def test_a_client_that_an_origin_told_already_is_not_told_again(scenario: Make) -> None:
    bye = frame(b"\x03\xe8", opcode=CLOSE)
    (
        opened(scenario())
        .upstream(bye)
        .client_gets(raw=bye)
        .closes_now()
        .client_gets_nothing()
        .client_sees("open")
        .upstream_gets(raw=TO_ORIGIN)
        .client(AGREED)
        .client_sees("closed")
        .upstream_eof()
    )


def test_a_client_that_has_ended_its_side_is_told_and_not_waited_for(scenario: Make) -> None:
    (
        opened(scenario())
        .client_eof()
        .upstream_sees("half-closed")
        .closes_now()
        .client_gets(raw=TO_CLIENT)
        .client_sees("closed")
        .upstream_sees("closed")
        .upstream_gets_nothing()
    )


def test_a_client_whose_origin_has_ended_sees_a_reset(scenario: Make) -> None:
    (
        opened(scenario())
        .upstream_eof()
        .client_sees("half-closed")
        .closes_now()
        .client_sees("reset")
        .client_gets_nothing()
        .upstream_gets(raw=TO_ORIGIN)
    )


@pytest.mark.parametrize("to", ["client", "upstream"])
def test_bytes_that_are_no_frames_end_as_ever(scenario: Make, to: str) -> None:
    story = opened(scenario())
    if to == "client":
        story.upstream(b"\xff\xff").client_gets(raw=b"\xff\xff").closes_now()
        story.client_sees("reset").upstream_gets(raw=TO_ORIGIN).upstream_eof()
    else:
        story.client(b"\xff\xff").upstream_gets(raw=b"\xff\xff").closes_now()
        story.upstream_sees("closed").client_gets(raw=TO_CLIENT).client_eof()


def test_an_origin_that_breaks_is_not_covered_up(scenario: Make) -> None:
    """Its end was no fault of the door, and a Close frame would look like one that was meant."""
    opened(scenario()).upstream_resets().client_sees("reset").client_gets_nothing()


def test_only_the_frames_of_a_websocket_are_counted(
    scenario: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(frames: Frames, data: bytes) -> None:
        raise AssertionError

    monkeypatch.setattr(Frames, "feed", refuse)
    tea = ASK.replace(b"websocket", b"tea"), SWITCH.replace(b"websocket", b"tea")
    (
        scenario(upgrades=[b"tea"])
        .client(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n")
        .upstream_gets(b"POST /", end=False)
        .client(b"ab")
        .upstream_gets(body=b"ab")
        .upstream(b"HTTP/1.1 200 X\r\ncontent-length: 2\r\n\r\n")
        .upstream(b"hi")
        .client_gets(200, b"hi")
        .client(tea[0])
        .upstream_gets(b"GET /ws")
        .upstream(tea[1])
        .client_gets(101)
        .client(b"a")
        .upstream_gets(raw=b"a")
        .upstream(b"b")
        .client_gets(raw=b"b")
    )
