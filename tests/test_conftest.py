"""conftest.py: a skipped test fails the run where skips are not allowed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

PASSES = "def test_passes(): pass\n"
SKIPS = PASSES + "import pytest\ndef test_skips(): pytest.skip('no curl here')\n"
SKIPS_WHOLE = "import pytest\npytest.skip('not here', allow_module_level=True)\n"
XFAILS = "import pytest\n@pytest.mark.xfail\ndef test_known(): assert False\n"
FAILS = SKIPS + "def test_fails(): assert False\n"


def run(folder: Path, source: str, *options: str, ci: bool = False) -> tuple[int, str]:
    """Run pytest on one file, under the real conftest. Its exit code and what it printed."""
    (folder / "conftest.py").write_bytes((HERE / "conftest.py").read_bytes())
    (folder / "test_it.py").write_text(source, encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if key != "CI"}
    if ci:
        environment["CI"] = "true"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options, "."],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("source", [SKIPS, SKIPS_WHOLE + PASSES], ids=["test", "module"])
def test_a_skip_fails_the_run_when_told_so(tmp_path: Path, source: str) -> None:
    (tmp_path / "test_other.py").write_text(PASSES, encoding="utf-8")
    code, output = run(tmp_path, source, "--no-skips")
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "skipped, which counts as failed here" in output
    assert "test_it.py" in output


def test_a_skip_fails_the_run_in_ci(tmp_path: Path) -> None:
    code, _ = run(tmp_path, SKIPS, ci=True)
    assert code == pytest.ExitCode.TESTS_FAILED


def test_a_skip_is_allowed_elsewhere(tmp_path: Path) -> None:
    code, output = run(tmp_path, SKIPS)
    assert code == pytest.ExitCode.OK
    assert "counts as failed" not in output


@pytest.mark.parametrize("source", [PASSES, XFAILS], ids=["passes", "xfails"])
def test_a_run_without_skips_passes(tmp_path: Path, source: str) -> None:
    code, _ = run(tmp_path, source, "--no-skips", ci=True)
    assert code == pytest.ExitCode.OK


def test_a_failure_stays_a_failure(tmp_path: Path) -> None:
    code, _ = run(tmp_path, FAILS, "--no-skips")
    assert code == pytest.ExitCode.TESTS_FAILED
