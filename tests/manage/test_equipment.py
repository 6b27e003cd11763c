"""What a worker is handed."""

from typing import Any

from porch.manage.equipment import Equipment


def test_a_worker_stays_who_it_is_unless_it_is_told_otherwise() -> None:
    words: dict[str, Any] = dict.fromkeys(
        (
            "loaded",
            "sockets",
            "firsts",
            "files",
            "table",
            "limits",
            "crowd",
            "row",
            "columns",
            "stacks",
            "slot",
        )
    )
    assert Equipment(**words).identity is None
