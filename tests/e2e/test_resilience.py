"""What clients see when a backend dies, hangs or slows down: nothing set but the pool.

Measured by the bench that measures the other proxies too: three real backends, 32 clients, two
workers.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parent.parent.parent / "bench"


def measured(case: str, folder: Path) -> dict[str, float]:
    out = folder / "rows.json"
    ran = subprocess.run(
        [
            *(sys.executable, str(BENCH / "resilience.py"), "--proxies", "Porch"),
            *("--cases", case, "--plain", "--json", str(out)),
        ],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    (row,) = json.loads(out.read_text())
    found: dict[str, float] = row
    assert found["asked"] > 1000, found
    return found


@pytest.mark.timeout(120)
def test_one_of_three_is_killed_and_no_client_notices(tmp_path: Path) -> None:
    row = measured("killed", tmp_path)
    assert (row["failed"], row["slow"], row["posts twice"]) == (0, 0, 0)
    assert row["failed POSTs"] <= 3, "those that ran in it at that moment"
    assert row["back"] < 1


@pytest.mark.timeout(120)
def test_one_of_three_hangs_and_every_get_is_answered(tmp_path: Path) -> None:
    """Slow are at most those that had been sent to it: every client has one request at a time."""
    row = measured("hung", tmp_path)
    assert (row["failed"], row["gave up"], row["posts twice"]) == (0, 0, 0)
    assert row["slow"] <= 32
    assert row["back"] < 1


@pytest.mark.timeout(120)
@pytest.mark.soak
def test_all_are_dead_and_serve_again_within_a_second_of_their_return(tmp_path: Path) -> None:
    row = measured("dead", tmp_path)
    assert row["slow"] == 0, "an answer at once"
    assert row["back"] < 1.5
