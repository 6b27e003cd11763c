"""What is shown to an authority, by any worker."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch import clock
from porch.certs import answers as module
from porch.certs.answers import LIFE, Answers
from tests.support.store import MemoryStore

TOKEN = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"


@pytest.fixture
def answers(store: MemoryStore) -> Answers:
    return Answers(store)


def turn(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    present = clock.wall()
    monkeypatch.setattr(clock, "wall", lambda: present + by.total_seconds())


def test_a_token_is_answered_by_whoever_shares_the_store(
    answers: Answers, store: MemoryStore
) -> None:
    answers.present_http(TOKEN, f"{TOKEN}.thumb")
    assert Answers(store).http_answer(TOKEN) == f"{TOKEN}.thumb".encode()
    answers.cleanup_http(TOKEN)
    assert answers.http_answer(TOKEN) is None


def test_a_name_is_shown_its_certificate_whatever_its_letters(answers: Answers) -> None:
    answers.present_alpn("Shop.Example", b"chain", b"key")
    assert answers.alpn_answer("shop.EXAMPLE.") == (b"chain", b"key")
    answers.cleanup_alpn("shop.example")
    assert answers.alpn_answer("shop.example") is None


def test_an_address_is_shown_its_certificate_by_its_reverse_name(answers: Answers) -> None:
    answers.present_alpn("192.0.2.7", b"chain", b"key")
    assert answers.alpn_answer("7.2.0.192.in-addr.arpa") == (b"chain", b"key")


def test_records_are_known_as_left_when_they_are_old(
    answers: Answers, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers.keep_record("*.a.example", "_acme-challenge.a.example", "value")
    answers.keep_record("b.example", "_acme-challenge.b.example", "value")
    store.write("records/_.a.example/x.json", b"damaged")
    assert answers.left_records("*.a.example") == []
    turn(monkeypatch, 2 * LIFE)
    assert answers.left_records("*.a.example") == [("_acme-challenge.a.example", "value")]
    assert answers.left_records("a.example") == []
    answers.forget_record("*.a.example", "value")
    assert answers.left_records("*.a.example") == []


@pytest.mark.parametrize("way", [1, -1])
def test_an_answer_is_over_in_time_also_when_the_clock_was_set_back(
    answers: Answers, monkeypatch: pytest.MonkeyPatch, way: int
) -> None:
    answers.present_http(TOKEN, "x")
    turn(monkeypatch, way * 3 * LIFE)
    assert answers.http_answer(TOKEN) is None
    assert answers.sweep() == 0


def test_there_are_only_so_many_and_the_oldest_make_room(
    answers: Answers, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    for number in range(5):
        answers.present_http(f"{TOKEN}{number}", "x")
        turn(monkeypatch, timedelta(seconds=2))
    assert answers.sweep() == 3
    assert answers.http_answer(f"{TOKEN}0") is None
    assert answers.http_answer(f"{TOKEN}4") == b"x"


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"7", b'{"until": "x"}', b'{"answer": "x"}'])
def test_a_damaged_one_is_none(answers: Answers, store: MemoryStore, data: bytes) -> None:
    store.write(f"answers/http/{TOKEN}", data)
    store.write("answers/alpn/a.example", data)
    assert answers.http_answer(TOKEN) is None
    assert answers.alpn_answer("a.example") is None


class Untouched(MemoryStore):
    """A store that nobody may look into."""

    def read(self, name: str) -> bytes | None:
        raise AssertionError(f"{name} was looked for")


@pytest.mark.parametrize("token", ["", "short", "../" * 9, "a" * 129, f"{TOKEN}/x", "é" * 20])
def test_what_is_no_token_never_reaches_the_store(token: str) -> None:
    assert Answers(Untouched()).http_answer(token) is None
    with pytest.raises(ValueError, match="no token"):
        Answers(Untouched()).present_http(token, "x")


@given(st.text())
def test_no_name_of_a_handshake_leaves_its_folder(name: str) -> None:
    class Recording(MemoryStore):
        def read(self, name: str) -> bytes | None:
            assert name.count("/") == 2
            assert ".." not in name
            return None

    assert Answers(Recording()).alpn_answer(name) is None


@pytest.mark.parametrize("name", ["", "..", "a..b", "a/b", "x" * 254, "*.a.example", ".a"])
def test_what_is_no_host_name_never_reaches_the_store(name: str) -> None:
    assert Answers(Untouched()).alpn_answer(name) is None
    with pytest.raises(ValueError, match="no host name"):
        Answers(Untouched()).present_alpn(name, b"", b"")
