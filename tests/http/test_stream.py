"""Both connections of HTTP/1 are Streams."""

import inspect

import pytest

from porch.forward.h1 import ClientConnection
from porch.http.stream import Stream
from porch.listen.h1 import ServerConnection

METHODS = [name for name in vars(Stream) if not name.startswith("_")]


@pytest.mark.parametrize("kind", [ClientConnection, ServerConnection])
@pytest.mark.parametrize("name", METHODS)
def test_a_connection_is_a_stream(kind: type, name: str) -> None:
    wanted = inspect.signature(getattr(Stream, name)).parameters
    assert list(inspect.signature(getattr(kind, name)).parameters) == list(wanted)


def test_a_stream_is_sent_to_paused_and_given_up() -> None:
    assert METHODS == ["send", "pause_reading", "resume_reading", "abort"]
