"""Outbox: what waits in it, and how it leaves."""

from porch.outbox import Outbox


def test_what_waits_leaves_in_its_order_when_it_is_closed() -> None:
    sent: list[bytes] = []
    outbox = Outbox()
    kept = outbox.open()
    kept.append((sent.append, b"a"))
    kept.append((sent.append, b"b"))
    assert sent == []
    assert repr(outbox) == "<Outbox 2 kept>"
    outbox.close()
    assert sent == [b"a", b"b"]
    assert outbox.kept is None


def test_what_was_sent_before_the_end_is_not_sent_again_and_further_ones_wait() -> None:
    sent: list[bytes] = []
    outbox = Outbox()
    kept = outbox.open()
    kept.append((sent.append, b"a"))
    outbox.send()
    kept.append((sent.append, b"b"))
    assert sent == [b"a"]
    outbox.close()
    assert sent == [b"a", b"b"]


def test_a_closed_one_sends_nothing() -> None:
    outbox = Outbox()
    outbox.send()
    outbox.close()
    assert repr(outbox) == "<Outbox closed>"
