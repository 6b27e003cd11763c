"""The room for streams of a worker."""

from porch.compress.coder import FAST, USUAL
from porch.compress.workshop import ROOM, Workshop


def test_the_room_is_bounded_and_given_back() -> None:
    shop = Workshop()
    coder = shop.coders[b"zstd"]
    efforts = []
    while (effort := shop.take(coder, USUAL)) is not None:
        efforts.append(effort)
        assert shop.used <= ROOM
    assert set(efforts) == {USUAL, FAST}, "the last ones are cheap"
    assert shop.running == len(efforts) > 40
    for effort in efforts:
        shop.give(coder, effort)
    assert (shop.running, shop.used) == (0, 0)
    assert repr(shop) == "<Workshop 0 streams, 0 bytes>"


def test_all_codings_have_a_coder() -> None:
    assert {name: coder.name for name, coder in Workshop().coders.items()} == {
        name: name for name in (b"gzip", b"br", b"zstd")
    }
