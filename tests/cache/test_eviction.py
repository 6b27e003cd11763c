"""Who goes when there is no room, and who stays."""

import random
from array import array

import pytest

from porch.cache.eviction import LOOKS, Ghost, Hands, Line, Sieve


class Cache:
    """Of `room` answers of one byte, in memory."""

    def __init__(self, room: int, marks: int = 1 << 12) -> None:
        self.room = room
        self.line = Line()
        self.hands = Hands()
        self.sieve = Sieve(bytearray(marks))
        self.ghost = Ghost(array("Q", bytes(8 * 1024)))
        self.places: dict[object, int] = {}
        self.position = 0

    def ask(self, name: object) -> bool:
        if name in self.places:
            self.sieve.seen(self.places[name])
            return True
        while len(self.line) >= self.room:
            self.evict()
        self.position += 1
        self.places[name] = self.position
        self.line.add(self.position, 1)
        ago = self.ghost.recall(digest(name), self.position)
        is_known = ago is not None and ago <= len(self.line)
        self.sieve.enter(self.hands, self.position, 1, is_known=is_known)
        return False

    def evict(self) -> object:
        position, on_trial = self.sieve.victim(self.line, self.hands, len(self.line))
        (name,) = [name for name, place in self.places.items() if place == position]
        if on_trial:
            self.ghost.remember(digest(name), self.position)
        self.drop(name)
        return name

    def drop(self, name: object) -> None:
        position = self.places.pop(name)
        self.sieve.leave(self.hands, position, self.line.drop(position))


def digest(name: object) -> int:
    return random.Random(str(name)).getrandbits(64) or 1


def test_who_was_not_asked_for_again_goes_first():
    cache = Cache(20)
    for number in range(20):
        cache.ask(number)
    for number in range(0, 20, 2):
        cache.ask(number)
    gone = [cache.evict() for _ in range(9)]
    assert gone == [*range(1, 18, 2)]


def test_a_scan_takes_nothing_that_is_asked_for():
    cache = Cache(100)
    hot = [f"hot {number}" for number in range(50)]
    for _ in range(3):
        for name in hot:
            cache.ask(name)
    for number in range(1000):
        cache.ask(number)
        if number % 10 == 0:
            for name in hot:
                cache.ask(name)
    assert [name for name in hot if name not in cache.places] == []


def test_who_comes_back_soon_after_it_went_has_passed_its_trial():
    cache = Cache(20)
    for number in range(40):
        cache.ask(number)
    gone = [number for number in range(40) if number not in cache.places]
    cache.ask(gone[-1])
    for number in range(100, 140):
        cache.ask(number)
    assert gone[-1] in cache.places


def test_there_is_always_somebody_to_go_until_nobody_is_left():
    cache = Cache(500)
    for number in range(500):
        cache.ask(number)
        cache.ask(number)
    gone = [cache.evict() for _ in range(500)]
    assert sorted(gone) == [*range(500)]
    assert cache.sieve.victim(cache.line, cache.hands, 0) is None
    cache.ask("again")
    assert cache.evict() == "again"


def test_what_goes_for_another_reason_is_not_counted_any_more():
    chance = random.Random(1)
    cache = Cache(60)
    for number in range(3000):
        cache.ask(chance.randrange(300))
        if number % 7 == 0 and cache.places:
            cache.drop(chance.choice([*cache.places]))
        border = cache.hands.border
        assert cache.hands.small == sum(1 for each in cache.places.values() if each >= border)


def test_one_search_takes_a_bounded_number_of_looks():
    cache = Cache(10 * LOOKS)
    for number in range(10 * LOOKS):
        cache.ask(number)
        cache.ask(number)
    asked = []
    following = cache.line.following

    class Watched:
        def following(self, position: int):
            asked.append(position)
            return following(position)

    assert cache.sieve.victim(Watched(), cache.hands, len(cache.line)) is not None
    assert len(asked) <= LOOKS + 4


def test_a_mark_counts_to_255_and_is_then_left_alone():
    class Once(bytearray):
        writes = 0

        def __setitem__(self, index, value):
            self.writes += 1
            super().__setitem__(index, value)

    marks = Once(16)
    sieve = Sieve(marks)
    for _ in range(300):
        sieve.seen(17)
    assert (marks[1], marks.writes) == (255, 255)


def test_positions_share_marks_round_and_round():
    cache = Cache(30, marks=16)
    for number in range(200):
        cache.ask(number % 45)
    assert len(cache.places) == 30


@pytest.mark.parametrize("later", [0, 10, 100])
def test_the_ghost_remembers_how_long_ago_it_went(later: int):
    ghost = Ghost(array("Q", bytes(8 * 16)))
    ghost.remember(digest("a"), 1000)
    assert ghost.recall(digest("a"), 1000 + later) == later
    assert ghost.recall(digest("b"), 1001) is None


def test_an_empty_ghost_knows_nobody():
    ghost = Ghost(array("Q", bytes(8 * 16)))
    assert ghost.recall(3, 1) is None


def test_a_line_is_in_the_order_of_positions_and_forgets_the_dropped():
    line = Line()
    for position in range(0, 3000, 3):
        line.add(position, position + 1)
    for position in range(0, 3000, 6):
        assert line.drop(position) == position + 1
    assert line.following(0) == (3, 4)
    assert line.following(4) == (9, 10)
    assert line.following(2998) is None
    assert len(line) == 500
    for position in range(3, 3000, 6):
        line.drop(position)
    assert line.following(0) is None


@pytest.mark.parametrize("seed", range(3))
def test_it_hits_more_often_than_the_least_recently_used(seed: int):
    chance = random.Random(seed)
    cache = Cache(100)
    recent: dict[int, None] = {}
    hits = recent_hits = 0
    for number in range(6000):
        name = number + 10_000 if number % 3 == 0 else int(chance.paretovariate(0.7)) % 2000
        hits += cache.ask(name)
        recent_hits += name in recent
        recent.pop(name, None)
        recent[name] = None
        if len(recent) > 100:
            del recent[next(iter(recent))]
    assert hits > 1.05 * recent_hits
