"""Those who wait for an answer."""

from porch.tls.later import Later


class Waiting:
    """One question. begun: for which clients; told: who was; left: how often nobody waited."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.told: list[str] = []
        self.left = 0
        self.later = Later(self.begun.append, self._on_left)

    def _on_left(self) -> None:
        self.left += 1

    def one(self) -> None:
        self.told.append("one")

    def other(self) -> None:
        self.told.append("other")


def test_it_begins_with_the_first_who_waits_and_tells_all() -> None:
    found = Waiting()
    assert not found.later.has_begun
    found.later.wait(found.one, "192.0.2.1")
    found.later.wait(found.other, "192.0.2.2")
    assert (found.begun, found.told, len(found.later)) == (["192.0.2.1"], [], 2)
    found.later.come()
    found.later.come()
    assert (found.told, found.left) == (["one", "other"], 0)


def test_who_leaves_is_not_told_and_the_last_one_is_noticed() -> None:
    found = Waiting()
    found.later.wait(found.one, "")
    found.later.wait(found.other, "")
    found.later.leave(found.one)
    found.later.leave(found.one)
    assert found.left == 0
    found.later.leave(found.other)
    assert found.left == 1
    found.later.come()
    assert found.told == []


def test_who_was_told_may_leave_without_being_missed() -> None:
    found = Waiting()
    found.later.wait(found.one, "")
    found.later.come()
    found.later.leave(found.one)
    assert found.left == 0
