"""Forms that are kept, and made anew beside the loop."""

from random import Random

import pytest

from porch.compress import forms as module
from porch.compress.coder import FAST
from porch.compress.forms import LARGEST, USES, Forms
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
    assert forms.get(b"1", gzip) is None
    forms.keep(b"1", gzip, b"coded", 10)
    forms.keep(b"2", gzip, b"", 10)
    assert forms.get(b"1", gzip) == b"coded"
    assert forms.get(b"2", gzip) == b"", "it is known that there is none"
    assert forms.get(b"1", br) is None


@pytest.mark.parametrize("coding", [b"gzip", b"br", b"zstd"])
def test_what_is_used_often_is_made_smaller_beside_the_loop(coding: bytes) -> None:
    forms, coder = Forms(), Workshop().coders[coding]
    first = coder.whole(BODY, FAST)
    forms.keep(b"1", coder, first, len(BODY))
    assert [forms.get(b"1", coder) for _ in range(USES)] == [first] * USES
    settle(forms)
    forms.get(b"1", coder)
    made = forms.get(b"1", coder)
    assert made is not None
    assert len(made) < len(first)
    assert coder.plain(made) == BODY
    assert forms._size == len(made) + 400


def test_one_that_cannot_be_made_anew_stays() -> None:
    forms, gzip = Forms(), Gzip()
    forms.keep(b"1", gzip, b"no gzip at all", 10)
    for _ in range(USES):
        forms.get(b"1", gzip)
    settle(forms)
    assert forms.get(b"1", gzip) == b"no gzip at all"


def test_the_room_is_bounded_and_the_oldest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROOM", 10_000)
    forms, gzip = Forms(), Gzip()
    for number in range(5):
        forms.keep(b"%d" % number, gzip, b"a" * 2000, 4000)
        assert forms.get(b"0", gzip) is not None, "it was used"
    assert forms.get(b"1", gzip) is None
    assert forms.get(b"4", gzip) is not None
    forms.keep(b"5", gzip, b"a" * (LARGEST + 1), LARGEST * 2)
    assert forms.get(b"5", gzip) is None
    assert "Forms 4" in repr(forms)
