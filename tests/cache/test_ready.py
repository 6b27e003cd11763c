"""Answers that go out again as they are."""

from array import array
from typing import Any

import pytest

from porch import clock
from porch.cache.entry import MUST_REVALIDATE, NO_CACHE, ONLY_AUTHORIZED, Entry
from porch.cache.key import KeyRules
from porch.cache.ready import LARGEST, ROOM, SPARES, Readies, Ready, ready
from porch.http.message import Field, RequestHead
from tests.support.network import FakeClock


class FakeStore:
    """time: of the store. marks: how often an answer was told to be seen."""

    def __init__(self) -> None:
        self.generations = memoryview(array("q", [7, 0]))
        self.time = 1000.0
        self.marks = 0

    def now(self) -> float:
        return self.time

    def seen(self, ident: bytes) -> None:
        self.marks += 1


class FakeStored:
    ident = b"i"

    def __init__(self, **words: Any) -> None:
        values: dict[str, Any] = {
            "status": 200,
            "fields": [(b"etag", b'"a"')],
            "length": 2,
            "received": 1000.0,
            "age": 0.0,
            "lifetime": 60.0,
            "source": "max-age",
        }
        self.entry = Entry(**(values | words))


class FakeBody:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def size(self) -> int:
        return len(self.data)

    def read(self, first: int, size: int) -> bytes:
        return self.data[first : first + size]


def get(*fields: Field) -> RequestHead:
    return RequestHead(b"GET", b"/", b"a.test", b"https", [*fields])


def made(entry: Entry, now: float) -> list[Field]:
    return [*entry.fields, (b"age", b"%d" % entry.age_at(now))]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return FakeClock(monkeypatch)


@pytest.fixture
def store() -> Any:
    return FakeStore()


def kept(
    *fields: Field, body: Any = b"hi", rules: KeyRules | None = None, **words: Any
) -> Ready | None:
    stored: Any = FakeStored(**words)
    return ready(0, 7, stored, body, get(*fields), rules or KeyRules())


def answered(found: Ready | None, store: Any, *fields: Field) -> tuple[list[Field], bytes] | None:
    assert found is not None
    given = found.answer(store, get(*fields), made)
    if given is None:
        return None
    exchange: Any = None
    head = given.head(exchange)
    assert head.known is not None
    assert head.known.fields == head.fields
    assert head.known.fields is not head.fields
    return head.fields, given.body


def test_it_goes_out_with_its_age_and_body(fake: FakeClock, store: Any) -> None:
    assert answered(kept(), store) == ([(b"etag", b'"a"'), (b"age", b"0")], b"hi")


def test_its_age_grows_with_each_tick(fake: FakeClock, store: Any) -> None:
    found = kept()
    answered(found, store)
    store.time += 5
    assert answered(found, store) == ([(b"etag", b'"a"'), (b"age", b"0")], b"hi"), "the same tick"
    fake.advance(5)
    assert answered(found, store) == ([(b"etag", b'"a"'), (b"age", b"5")], b"hi")


def test_it_is_marked_as_seen_once_a_tick(fake: FakeClock, store: Any) -> None:
    found = kept()
    for _ in range(3):
        answered(found, store)
    assert store.marks == 1
    fake.advance(1)
    answered(found, store)
    assert store.marks == 2


def test_it_is_never_served_past_its_lifetime(fake: FakeClock, store: Any) -> None:
    found = kept()
    store.time += 60
    assert answered(found, store) is None


def test_a_clock_that_stood_still_in_a_sleep_of_the_machine_makes_nothing_fresh(
    fake: FakeClock, store: Any
) -> None:
    """The clock of the store runs on then, and is asked again with the first tick."""
    found = kept()
    answered(found, store)
    store.time += 3600
    fake.advance(clock.TICK)
    assert answered(found, store) is None


def test_whatever_has_changed_under_its_key_is_asked_of_the_store(
    fake: FakeClock, store: Any
) -> None:
    found = kept()
    assert answered(found, store) is not None
    store.generations[1] += 1
    assert answered(found, store) is not None, "of another key"
    store.generations[0] += 1
    assert answered(found, store) is None


@pytest.mark.parametrize(
    "field",
    [
        (b"range", b"bytes=0-0"),
        (b"if-none-match", b'"a"'),
        (b"if-modified-since", b"x"),
        (b"cache-control", b"no-cache"),
        (b"pragma", b"no-cache"),
    ],
)
def test_a_request_that_asks_for_more_than_the_answer_is_for_the_rules(
    fake: FakeClock, store: Any, field: Field
) -> None:
    assert answered(kept(), store, field) is None


@pytest.mark.parametrize(
    ("said", "fits"),
    [
        ([(b"accept", b"a")], True),
        ([(b"accept", b"b")], False),
        ([], False),
        ([(b"accept", b"a"), (b"accept", b"b")], False),
        ([(b"accept", b"A")], False),
    ],
)
def test_it_is_for_who_says_the_same_of_the_fields_that_chose_it(
    fake: FakeClock, store: Any, said: list[Field], fits: bool
) -> None:
    found = kept((b"accept", b"a"), vary=[(b"accept", b"a"), (b":language", b"de")])
    assert (answered(found, store, *said) is not None) == fits


@pytest.mark.parametrize("must", [NO_CACHE, ONLY_AUTHORIZED])
def test_what_is_to_be_asked_about_each_time_is_never_ready(must: int) -> None:
    assert kept(must=must) is None
    assert kept(must=MUST_REVALIDATE) is not None


def test_parts_are_never_ready() -> None:
    assert kept(length=9, held=[(0, 2)]) is None


def test_a_body_in_a_file_is_ready_if_it_is_small(fake: FakeClock, store: Any) -> None:
    small = FakeBody(b"x" * LARGEST)
    assert answered(kept(body=small, length=LARGEST), store) is not None
    assert kept(body=FakeBody(b"x" * (LARGEST + 1)), length=LARGEST + 1) is None


def test_a_damaged_file_is_not_made_ready() -> None:
    assert kept(body=FakeBody(b"x"), length=2) is None


def test_each_answer_has_fields_of_its_own(fake: FakeClock, store: Any) -> None:
    """For hooks add to them."""
    found = kept()
    first = answered(found, store)
    assert first is not None
    first[0].append((b"set-cookie", b"a=1"))
    second = answered(found, store)
    assert second is not None
    assert (b"set-cookie", b"a=1") not in second[0]


def test_what_a_worker_keeps_ready_is_bounded_and_the_first_made_goes_first() -> None:
    readies = Readies()
    count = ROOM // LARGEST + 2
    for number in range(count):
        found = kept(body=b"x" * LARGEST, length=LARGEST)
        assert found is not None
        readies.keep(("cache", b"http", b"a", b"/%d" % number), found)
    assert len(readies) < count
    assert ("cache", b"http", b"a", b"/0") not in readies
    assert ("cache", b"http", b"a", b"/%d" % (count - 1)) in readies


def test_one_in_place_of_another_takes_its_room() -> None:
    readies = Readies()
    for _ in range(2 * ROOM // LARGEST):
        found = kept(body=b"x" * LARGEST, length=LARGEST)
        assert found is not None
        readies.keep(("cache", b"http", b"a", b"/"), found)
    assert len(readies) == 1


def test_what_has_gone_out_again_is_spared_and_not_for_ever(fake: FakeClock, store: Any) -> None:
    readies, most = Readies(), ROOM // (LARGEST + 4096)
    names: list[Any] = [("cache", b"http", b"a", b"/%d" % number) for number in range(4 * most)]
    for number, name in enumerate(names[:most]):
        found = kept(body=b"x" * LARGEST, length=LARGEST)
        assert found is not None
        readies.keep(name, found)
        if number < SPARES:
            assert answered(found, store) is not None
    for name in names[most : most + most // 2]:
        found = kept(body=b"x" * LARGEST, length=LARGEST)
        assert found is not None
        readies.keep(name, found)
    assert all(name in readies for name in names[:SPARES])
    assert names[SPARES + 1] not in readies
    for name in names[most + most // 2 :]:
        found = kept(body=b"x" * LARGEST, length=LARGEST)
        assert found is not None
        assert answered(found, store) is not None
        readies.keep(name, found)
    assert not any(name in readies for name in names[:SPARES])


def test_where_all_have_gone_out_one_more_takes_no_time(fake: FakeClock, store: Any) -> None:
    readies = Readies()
    for number in range(2 * ROOM // LARGEST):
        found = kept(body=b"x" * LARGEST, length=LARGEST)
        assert found is not None
        assert answered(found, store) is not None
        name: Any = ("cache", b"http", b"a", b"/%d" % number)
        readies.keep(name, found)
        assert name in readies
    assert sum(each.size for each in readies.values()) <= ROOM


def test_it_is_for_who_says_the_same_in_what_is_in_the_key(fake: FakeClock, store: Any) -> None:
    rules = KeyRules(fields=(b"x-tenant",), cookies=(b"theme",))
    mine = ((b"x-tenant", b"7"), (b"cookie", b"theme=dark"))
    found = kept(*mine, rules=rules)
    assert answered(found, store, *mine) is not None
    assert answered(found, store, mine[0]) is None
    assert answered(found, store, mine[1]) is None
    assert answered(found, store, (b"x-tenant", b"8"), mine[1]) is None
    assert answered(found, store) is None
