"""Forms that are kept, and made anew beside the loop."""

from collections.abc import Callable
from random import Random

import pytest

from porch.compress import forms as module
from porch.compress.coder import FAST, HOT
from porch.compress.forms import BEST, LARGEST, USES, Forms
from porch.compress.gzip import Gzip
from porch.compress.workshop import Workshop

WORDS = [b"%x" % (each * each) for each in range(300)]
BODY = b"".join(
    b'{"a": "%b", "b": "%b"}, ' % tuple(Random(n).choices(WORDS, k=2)) for n in range(999)
)


def settle(forms: Forms) -> None:
    """The thread has done its work."""
    thread = forms._thread
    assert thread is not None
    thread.join(30)
    assert not thread.is_alive()


def test_a_form_is_found_by_its_name_and_coding() -> None:
    forms, shop = Forms(), Workshop()
    gzip, br = shop.coders[b"gzip"], shop.coders[b"br"]
    assert forms.get(b"1", gzip, 10) is None
    forms.keep(b"1", gzip, b"coded", 10)
    forms.keep(b"2", gzip, b"", 10)
    assert forms.get(b"1", gzip, 10) == b"coded"
    assert forms.get(b"2", gzip, 10) == b"", "it is known that there is none"
    assert forms.get(b"1", br, 10) is None


@pytest.mark.parametrize("coding", [b"gzip", b"br", b"zstd"])
def test_what_is_used_often_is_made_smaller_beside_the_loop(coding: bytes) -> None:
    forms, coder = Forms(), Workshop().coders[coding]
    first = coder.whole(BODY, FAST)
    forms.keep(b"1", coder, first, len(BODY))
    assert [forms.get(b"1", coder, 10) for _ in range(USES)] == [first] * USES
    settle(forms)
    forms.get(b"1", coder, 10)
    made = forms.get(b"1", coder, 10)
    assert made is not None
    assert len(made) < len(first)
    assert coder.plain(made) == BODY
    assert forms._size == len(made) + 400


def test_one_that_cannot_be_made_anew_stays() -> None:
    forms, gzip = Forms(), Gzip()
    forms.keep(b"1", gzip, b"no gzip at all", 10)
    for _ in range(USES):
        forms.get(b"1", gzip, 10)
    settle(forms)
    assert forms.get(b"1", gzip, 10) == b"no gzip at all"


def test_the_room_is_bounded_and_the_oldest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROOM", 10_000)
    forms, gzip = Forms(), Gzip()
    for number in range(5):
        forms.keep(b"%d" % number, gzip, b"a" * 2000, 4000)
        assert forms.get(b"0", gzip, 10) is not None, "it was used"
    assert forms.get(b"1", gzip, 10) is None
    assert forms.get(b"4", gzip, 10) is not None
    forms.keep(b"5", gzip, b"a" * (LARGEST + 1), LARGEST * 2)
    assert forms.get(b"5", gzip, 10) is None
    assert "Forms 4" in repr(forms)


class FakeShelf:
    """Of all workers. busy: another worker is at it."""

    def __init__(self) -> None:
        self.kept: dict[tuple[bytes, bytes], bytes] = {}
        self.busy = False
        self.made = self.asked = 0

    def get(self, name: bytes, coding: bytes) -> bytes | None:
        self.asked += 1
        return self.kept.get((name, coding))

    def make(self, name: bytes, coding: bytes, work: Callable[[], bytes]) -> bytes | None:
        if self.busy:
            return None
        key = name, coding
        if key not in self.kept:
            self.made += 1
            self.kept[key] = work()
        return self.kept[key]


@pytest.fixture
def shared() -> tuple[FakeShelf, Forms, Forms]:
    """Two workers."""
    shelf, forms, others = FakeShelf(), Forms(), Forms()
    forms.shelf = others.shelf = shelf
    return shelf, forms, others


def used(forms: Forms, gzip: Gzip, times: int = USES) -> None:
    for _ in range(times):
        forms.get(b"1", gzip, len(BODY))


def test_what_one_worker_made_another_finds_and_makes_no_more(
    shared: tuple[FakeShelf, Forms, Forms],
) -> None:
    shelf, forms, others = shared
    gzip = Gzip()
    assert forms.get(b"1", gzip, len(BODY)) is None
    first = gzip.whole(BODY, FAST)
    forms.keep(b"1", gzip, first, len(BODY))
    used(forms, gzip)
    settle(forms)
    best = others.get(b"1", gzip, len(BODY))
    assert best is not None
    assert len(best) < len(first)
    assert gzip.plain(best) == BODY
    used(others, gzip, 3 * USES)
    assert others._thread is None
    assert forms.get(b"1", gzip, len(BODY)) is not None
    assert forms.get(b"1", gzip, len(BODY)) == best
    assert (shelf.made, shelf.asked) == (1, 2), "it is asked once a worker and form"


def test_who_coded_it_before_takes_what_another_made_when_it_is_used_often(
    shared: tuple[FakeShelf, Forms, Forms],
) -> None:
    shelf, forms, others = shared
    gzip = Gzip()
    for each in (forms, others):
        each.keep(b"1", gzip, gzip.whole(BODY, FAST), len(BODY))
        used(each, gzip)
        settle(each)
        each.get(b"1", gzip, len(BODY))
        assert each.get(b"1", gzip, len(BODY)) == shelf.kept[b"1", b"gzip"]
    assert shelf.made == 1


def test_what_another_worker_makes_just_now_is_looked_for_again(
    shared: tuple[FakeShelf, Forms, Forms],
) -> None:
    shelf, forms, _ = shared
    gzip = Gzip()
    first = gzip.whole(BODY, FAST)
    forms.keep(b"1", gzip, first, len(BODY))
    shelf.busy = True
    used(forms, gzip)
    settle(forms)
    assert forms.get(b"1", gzip, len(BODY)) == first
    shelf.busy = False
    shelf.kept[b"1", b"gzip"] = best = gzip.whole(BODY, HOT)
    used(forms, gzip)
    settle(forms)
    forms.get(b"1", gzip, len(BODY))
    assert forms.get(b"1", gzip, len(BODY)) == best


def test_nobody_looks_for_what_is_never_kept_there(
    shared: tuple[FakeShelf, Forms, Forms],
) -> None:
    shelf, forms, _ = shared
    assert forms.get(b"1", Gzip(), BEST + 1) is None
    assert shelf.asked == 0


def test_where_no_effort_makes_it_smaller_all_have_it_as_it_was_first(
    shared: tuple[FakeShelf, Forms, Forms],
) -> None:
    shelf, forms, others = shared
    gzip = Gzip()
    best = gzip.whole(BODY, HOT)
    forms.keep(b"1", gzip, best, len(BODY))
    used(forms, gzip)
    settle(forms)
    assert others.get(b"1", gzip, len(BODY)) == best
    assert shelf.made == 1
