"""A page that is open: sent what it takes, and nothing kept for it."""

import json
from typing import Any

from porch.errors import ClientGone
from porch.manage.page.stream import Stream, event


class Client:
    """An exchange, as a stream sees it."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.later: list[Any] = []
        self.ended = 0.0
        self.keeper = self
        self.own_fields = ((b"server", b"porch"),)
        self.response: Any = None
        self.client = self

    def send(self, head: Any, data: bytes, end: bool) -> None:
        self.sent.append(b"head")

    def on_made(self, head: Any, data: bytes, end: bool) -> None:
        assert not end
        self.sent.append(data)

    def turn(self) -> None:
        """The next turn of the loop."""
        calls, self.later = self.later, []
        for each in calls:
            each()


def opened() -> tuple[Stream, Any, list[str]]:
    """A stream that has begun, its client, and what it calls."""
    calls: list[str] = []
    client: Any = Client()
    stream = Stream(lambda each: calls.append("ready"), lambda each: calls.append("gone"))
    answer = stream.answer(client)
    client.response = answer.head(client)
    keeper = type("Keeper", (), {"later": lambda _, seconds, call: client.later.append(call)})()
    keeper.own_fields = client.own_fields
    client.keeper = keeper
    assert answer.source is stream
    assert not stream.open(client)
    stream.begin(client)
    client.turn()
    return stream, client, calls


def test_its_head_says_what_it_is_and_no_length() -> None:
    _, client, calls = opened()
    assert (b"content-type", b"text/event-stream") in client.response.fields
    assert client.response.length is None
    assert (client.sent, calls) == ([b"head"], ["ready"])


def test_it_is_sent_what_it_takes() -> None:
    stream, client, _ = opened()
    assert stream.show(b"one")
    assert client.sent == [b"head", b"one"]
    assert not stream.is_behind


def test_one_that_does_not_read_is_sent_nothing_and_asks_for_the_newest_when_it_reads() -> None:
    stream, client, calls = opened()
    stream.pause_reading()
    for _ in range(100):
        assert not stream.show(b"old")
    assert client.sent == [b"head"]
    calls.clear()
    stream.resume_reading()
    assert calls == ["ready"]
    assert stream.show(b"new")
    stream.pause_reading()
    stream.resume_reading()
    assert calls == ["ready"], "it has the newest"


def test_what_is_mentioned_is_missed_by_one_that_does_not_read_and_is_no_picture() -> None:
    stream, client, _ = opened()
    assert stream.is_behind
    stream.mention(b"soon")
    assert client.sent == [b"head", b"soon"]
    assert stream.is_behind
    stream.pause_reading()
    stream.mention(b"soon")
    assert client.sent == [b"head", b"soon"]
    stream.abort(ClientGone("the client left"))
    stream.mention(b"soon")
    assert client.sent == [b"head", b"soon"]


def test_when_its_client_leaves_it_is_over() -> None:
    stream, client, calls = opened()
    stream.abort(ClientGone("the client left"))
    assert calls[-1] == "gone"
    assert not stream.show(b"one")
    assert client.sent == [b"head"]


def test_an_event_is_one_line_whatever_is_in_it() -> None:
    value = {"a": "x\n\ndata: y\r\nevent: z\u2028\u202e\ud800"}
    lines = event("picture", value).split(b"\n")
    assert lines[0] == b"event: picture"
    assert lines[1].startswith(b"data: ")
    assert lines[1].isascii()
    assert lines[2:] == [b"", b""]
    assert b"\r" not in lines[1]
    assert json.loads(lines[1][6:]) == value
