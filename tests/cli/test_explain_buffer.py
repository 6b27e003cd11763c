"""What explain says of bodies that wait."""

from porch.cli.explain_buffer import buffer_lines
from porch.config.build import build
from porch.config.load import load_mapping
from porch.config.state import State
from porch.http.message import Field, RequestHead


def said(words: dict[str, object], *fields: Field, upgrade: bytes | None = None) -> list[str]:
    loaded = load_mapping({"listen": ":80", "routes": {"a.test": {"to": "127.0.0.1:9", **words}}})
    built = build(loaded, State())
    assert built is not None, loaded.report()
    route = built.entries[0].route
    request = RequestHead(b"POST", b"/", b"a.test", b"http", [*fields], upgrade=upgrade)
    return list(buffer_lines(loaded, route, request))


def test_each_word_has_its_line() -> None:
    assert said({}) == []
    assert said({"buffer_request": "1MB"}) == [
        "buffers   the request until it is whole; 413 to more than 1MB"
    ]
    assert said({"buffer_response": "16MB", "bandwidth": "2MB/s"}) == [
        "buffers   up to 16MB of the answer, ahead of a slow client",
        "paces     the answers of all clients at 2MB a second",
    ]
    assert said({"bandwidth": "500KB/s per client"}) == [
        "paces     the answers of each client at 500KB a second"
    ]


def test_tunnels_and_calls_do_not_wait() -> None:
    words: dict[str, object] = {"buffer_request": True, "buffer_response": True}
    assert said(words, upgrade=b"websocket") == []
    call = said(words, (b"content-type", b"application/grpc+proto"))
    assert call[0] == "buffers   nothing of the request: it is a call of gRPC"
    assert len(call) == 2


def test_what_is_off_is_not_told() -> None:
    assert said({"buffer_request": False, "buffer_response": False, "bandwidth": False}) == []
