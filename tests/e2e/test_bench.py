"""The bench measures HTTP/2: a short run of one row, and what it says where it cannot."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parent.parent.parent / "bench" / "run.py"
SECONDS = "0.3"


def bench(*arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """A run of the bench to its end. path: instead of this process' PATH."""
    environ = os.environ | ({} if path is None else {"PATH": path})
    return subprocess.run(
        [sys.executable, str(BENCH), "--quick", "--seconds", SECONDS, *arguments],
        capture_output=True,
        text=True,
        timeout=50,
        env=environ,
        check=False,
    )


@pytest.mark.system
def test_a_row_of_http2_is_measured_for_porch_and_nginx(tmp_path: Path) -> None:
    file = tmp_path / "samples.json"

    done = bench("--rows", "h2", "--peers", "porch,nginx", "--json", str(file))

    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(file.read_text())
    assert found["failures"] == []
    assert set(found["rows"]["h2"]["peers"]) == {"Porch", "nginx"}
    for samples in found["rows"]["h2"]["peers"].values():
        assert samples[0]["value"] > 0
        assert samples[0]["rate"] > 100


@pytest.mark.system
def test_what_a_limit_adds_is_measured_beside_a_stick_table(tmp_path: Path) -> None:
    file = tmp_path / "samples.json"

    done = bench("--rows", "limited", "--peers", "porch,haproxy", "--json", str(file))

    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(file.read_text())
    assert found["failures"] == []
    assert set(found["rows"]["limited"]["peers"]) == {"Porch", "HAProxy"}


@pytest.mark.system
def test_what_is_counted_is_shown_beside_haproxys_exporter() -> None:
    done = bench("--rows", "small", "--peers", "porch,haproxy", "--with", "metrics")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "metrics: shown by Porch, HAProxy alone" in done.stdout


def test_a_row_without_its_load_generator_fails_and_says_what_to_install(tmp_path: Path) -> None:
    done = bench("--rows", "h2", "--peers", "porch", path=str(tmp_path))

    assert done.returncode == 1
    assert "h2load is not installed: nghttp2-client of Debian" in done.stdout


def test_its_help_shows_how_one_row_and_one_proxy_are_chosen() -> None:
    done = bench("--help")

    assert "--rows h2 --peers porch" in done.stdout
    assert "h2-browser" in done.stdout
