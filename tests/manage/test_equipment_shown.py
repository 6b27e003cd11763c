"""What a worker is handed."""

from porch.manage.equipment import Shown


def test_nothing_is_shown_before_a_worker_assigns_it() -> None:
    assert dict(Shown().by_host) == {}
