"""One exchange over HTTP/2 and TLS, by a client that blocks: for proofs and idle connections."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field

from ngh2 import Connection, NGH2Error, Role
from ngh2.events import DataReceived, ResponseReceived, StreamReset, TrailersReceived

from harness.clients import LoadError
from harness.messages import BODY, HOST
from harness.tls import MUCH, End, opened

__all__ = ["Answer", "exchange", "exchange_small"]


@dataclass(slots=True)
class Answer:
    """trailers: the fields behind the body."""

    status: int = 0
    body: bytearray = field(default_factory=bytearray)
    trailers: dict[bytes, bytes] = field(default_factory=dict)
    ended: bool = False


def exchange(
    sock: socket.socket,
    path: bytes,
    *,
    body: bytes = b"",
    fields: tuple[tuple[bytes, bytes], ...] = (),
) -> Answer:
    """Shake hands over `sock`, ask for `path`, and take the whole answer. body: what is posted;
    without one it is a GET. Raises LoadError."""
    client = Connection(Role.CLIENT)
    client.initiate_connection()
    head = [
        (b":method", b"POST" if body else b"GET"),
        (b":scheme", b"https"),
        (b":authority", HOST),
        (b":path", path),
        *fields,
    ]
    if body:
        head.append((b"content-length", b"%d" % len(body)))
    stream = client.send_request(head, end_stream=not body)
    if body:
        client.send_data(stream, body, end_stream=True)
    end = opened(sock, client.data_to_send(), protocol=b"h2")
    answer = Answer()
    try:
        while not answer.ended:
            _receive(sock, end, client, answer)
    except NGH2Error as error:
        raise LoadError(f"broken HTTP/2: {error!r}") from error
    return answer


def exchange_small(sock: socket.socket) -> None:
    """The same for a GET of the small body, and what it must give."""
    answer = exchange(sock, b"/small")
    if answer.status != 200 or answer.body != BODY:
        raise LoadError(f"answered {answer.status} with {bytes(answer.body[:60])!r}")


def _receive(sock: socket.socket, end: End, client: Connection, answer: Answer) -> None:
    data = sock.recv(MUCH)
    if not data:
        raise LoadError(f"closed after status {answer.status}, {len(answer.body)} bytes")
    client.receive_data(end.decrypted(data))
    for event in client.events():
        if isinstance(event, ResponseReceived):
            answer.status = int(dict(event.headers)[b":status"])
            answer.ended = event.end_stream
        elif isinstance(event, DataReceived):
            answer.body += event.data
            answer.ended = event.end_stream
        elif isinstance(event, TrailersReceived):
            answer.trailers = dict(event.headers)
            answer.ended = True
        elif isinstance(event, StreamReset):
            raise LoadError(f"the stream was reset with {event.error_code}")
    while more := client.data_to_send(MUCH // 2):  # encrypted it is more
        sock.sendall(end.encrypted(more))
