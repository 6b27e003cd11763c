"""A worker that three times as much is asked of as it can do: who is served, and who is not.

Measured by the bench's own strangers; asserted are counts, never times.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Client, Door
from tests.support.h2_socket import H2Socket

BENCH = Path(__file__).parent.parent.parent / "bench" / "busy.py"
GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"


@pytest.mark.soak
def test_the_important_are_served_before_all_others(tmp_path: Path) -> None:
    file = tmp_path / "samples.json"
    done = subprocess.run(
        [sys.executable, str(BENCH), "--seconds", "4", "--cost", "2", "--json", str(file)],
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads(file.read_text())["with"]["3"]
    low, normal, high = (rows[f"{kind}.test"] for kind in ("low", "normal", "high"))
    assert high["offered"] > 10
    assert high["served"] == high["offered"], done.stdout
    assert low["refused"] > 0, "it was too much"
    assert low["served"] / low["offered"] <= normal["served"] / normal["offered"], done.stdout
    assert low["served"] < 0.5 * low["offered"], done.stdout
    for each in rows.values():
        assert each["lost"] == 0, done.stdout


@pytest.mark.parametrize("word", ["busy = false", 'busy = "20ms"'])
def test_at_rest_all_are_served_over_both_versions_and_reloads(
    door: Callable[..., Door], word: str
) -> None:
    config = f'workers = 1\nlog = false\nh2c = true\n{word}\n[routes]\n"*" = "respond:204"\n'
    running = door(config)
    for lag in ("10ms", "1s", "20ms"):
        opened = Client(running)
        assert [opened.send(GET).read_answer()[0] for _ in range(20)] == [204] * 20
        opened.close()
        with H2Socket(running.port) as client:
            asked = [client.asks(b"/") for _ in range(5)]
            assert [client.answered(each).status for each in asked] == [204] * 5
        running.write(config.replace(word, f'busy = "{lag}"'))
        assert running.reload() == ""
    assert running.ask("status")["turned_away"] == {"low": 0, "normal": 0, "high": 0}
