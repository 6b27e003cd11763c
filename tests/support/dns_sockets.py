"""DNS on loopback, by UDP and TCP on one port, for whoever knows what to answer."""

import contextlib
import socketserver
import threading
from collections.abc import Callable, Iterator

__all__ = ["answering"]

Answer = Callable[[bytes, bool], bytes | None]
"""(a question, whether it came by UDP) -> what is said to it; None for nothing."""


@contextlib.contextmanager
def answering(answer: Answer) -> Iterator[int]:
    """The port of one that does so, in a thread each, until the end of the block."""

    class Datagram(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data, sock = self.request
            said = answer(data, True)
            if said is not None:
                sock.sendto(said, self.client_address)

    class Stream(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while length := self.rfile.read(2):
                said = answer(self.rfile.read(int.from_bytes(length, "big")), False)
                if said is not None:
                    self.wfile.write(len(said).to_bytes(2, "big") + said)

    with contextlib.ExitStack() as stack:
        both = _pair(Datagram, Stream)
        for listening in both:
            thread = threading.Thread(
                target=listening.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
            )
            thread.start()
            stack.callback(listening.server_close)
            stack.callback(thread.join)
            stack.callback(listening.shutdown)
        port: int = both[0].server_address[1]
        yield port


def _pair(
    datagram: type[socketserver.BaseRequestHandler], stream: type[socketserver.BaseRequestHandler]
) -> tuple[socketserver.UDPServer, socketserver.ThreadingTCPServer]:
    """The same port for both."""
    while True:
        udp = socketserver.UDPServer(("127.0.0.1", 0), datagram)
        try:
            tcp = socketserver.ThreadingTCPServer(udp.server_address, stream)
        except OSError:
            udp.server_close()
            continue
        tcp.daemon_threads = True
        return udp, tcp
