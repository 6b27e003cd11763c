"""Servers on loopback that say what a test wants, byte for byte."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

__all__ = ["Conversation", "answering", "says", "silent"]

Conversation = Callable[[socket.socket, bytes], None]
"""What a server does with a connection and the head that was sent over it."""


def says(status: str, body: bytes = b"", *fields: str) -> Conversation:
    """Answers each request with this."""
    lines = [f"HTTP/1.1 {status}", *fields, f"content-length: {len(body)}", "", ""]
    return lambda sock, _: sock.sendall("\r\n".join(lines).encode() + body)


def silent(sock: socket.socket, _: bytes) -> None:
    """Answers nothing until whoever asks has left."""
    with contextlib.suppress(OSError):
        sock.recv(1)


@contextlib.contextmanager
def answering(what: Conversation, host: str = "127.0.0.1") -> Iterator[tuple[int, list[bytes]]]:
    """A server; gives its port, and the heads that it was sent."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    heads: list[bytes] = []
    with socket.create_server((host, 0), family=family) as server:

        def serve() -> None:
            while True:
                try:
                    sock, _ = server.accept()
                except OSError:
                    return
                with sock, contextlib.suppress(OSError):
                    head = b""
                    while b"\r\n\r\n" not in head:
                        data = sock.recv(4096)
                        if not data:
                            break
                        head += data
                    else:
                        heads.append(head)
                        what(sock, head)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1], heads
        finally:
            server.shutdown(socket.SHUT_RDWR)  # close alone would not wake accept
            thread.join()
