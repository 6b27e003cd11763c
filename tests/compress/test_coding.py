"""One answer on its way, in any pieces."""

from hypothesis import given
from hypothesis import strategies as st

from porch.compress.coder import USUAL
from porch.compress.coding import Coding
from porch.compress.workshop import Workshop
from porch.http.message import ResponseHead, Trailers
from tests.compress.conftest import CODINGS, decoded

SHOP = Workshop()
PIECES = st.lists(st.binary(max_size=3000) | st.just(b"a line of text\n" * 99), max_size=8)


@given(PIECES, st.sampled_from(CODINGS), st.booleans(), st.sampled_from([0, 1000]))
def test_any_body_in_any_pieces_is_what_its_head_says(
    pieces: list[bytes], coding: bytes, named: bool, least: int
) -> None:
    head = ResponseHead(200, [(b"content-type", b"text/plain")])
    begun: list[Coding] = []
    made = Coding(head, SHOP.coders[coding], USUAL, least, SHOP, begun.append, b"n" * named)
    sent = [made.change(None, each, False)[1] for each in pieces]
    sent.append(made.change(None, b"", True)[1])
    for each in begun:
        each.leave()
    body = b"".join(sent)
    if head.get(b"content-encoding") is not None:
        assert head.get(b"content-encoding") == coding
        body = decoded(coding, body)
    assert body == b"".join(pieces)
    assert (SHOP.running, SHOP.used) == (0, 0)


def test_what_is_named_and_whole_is_kept() -> None:
    shop = Workshop()
    gzip = shop.coders[b"gzip"]
    for name, ends in ((b"1", True), (b"2", False)):
        made = Coding(ResponseHead(200, []), gzip, USUAL, 0, shop, lambda _: None, name)
        parts = [made.change(None, b"ab" * 999, False)[1], made.change(None, b"c", ends)[1]]
        made.leave()
        assert shop.forms.get(name, gzip, 1999) == (b"".join(parts) if ends else None)


def test_trailers_go_along() -> None:
    shop = Workshop()
    made = Coding(ResponseHead(200, []), shop.coders[b"gzip"], USUAL, 0, shop, lambda _: None)
    made.change(None, b"ab", False)
    trailers, rest = made.change(Trailers([(b"digest", b"x"), (b"a", b"b")]), b"", True)
    made.leave()
    assert trailers is not None
    assert trailers.fields == [(b"a", b"b")]
    assert rest
