"""Which connection speaks with whom."""

from typing import Any

import pytest

from porch.clock import Deadlines
from porch.listen.agreed import agreed_connection, plain_connection
from porch.listen.begun import Begun
from porch.listen.door import Door
from porch.listen.h1 import ServerConnection
from porch.listen.h2 import MultiplexedConnection
from tests.listen.test_door import Settings


class Settled:
    """A handshake that agreed on a protocol."""

    def __init__(self, protocol: str | None) -> None:
        self.protocol = protocol


@pytest.mark.parametrize(
    ("protocol", "kind"),
    [("h2", MultiplexedConnection), ("http/1.1", ServerConnection), (None, ServerConnection)],
)
def test_inside_tls_the_handshake_has_settled_it(protocol: str | None, kind: type) -> None:
    agreed: Any = Settled(protocol)
    made: Any = agreed_connection(Door(Settings(), Deadlines()), b"443", agreed)
    assert type(made) is kind
    assert (made.port, made.security) == (b"443", agreed)


def test_without_tls_http_2_is_looked_for_where_it_was_asked_for_and_as_long_as() -> None:
    settings = Settings()
    door = Door(settings, Deadlines())
    assert type(plain_connection(door, b"80")) is ServerConnection
    settings.h2c = True
    assert type(plain_connection(door, b"80")) is Begun
    door.settings = Settings()
    assert type(plain_connection(door, b"80")) is ServerConnection
