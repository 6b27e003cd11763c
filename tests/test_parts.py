"""scripts/test-in-parts: every test runs once, and one that fails is seen."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "scripts/test-in-parts"
PASSES = "def test_passes(): pass\n"
FAILS = "def test_fails(): assert 'this' == 'that'\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("e2e/test_door.py", "e2e/test_other.py", "cache/deep/test_it.py", "test_top.py"):
        file = tmp_path / "tests" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(PASSES, encoding="utf-8")
    (tmp_path / "tests/support").mkdir()
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")
    return tmp_path


def run(checkout: Path, *options: str) -> tuple[int, str]:
    """Its exit code, and what it printed."""
    done = subprocess.run(
        [sys.executable, SCRIPT, *options],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_every_test_runs_once(checkout: Path) -> None:
    code, printed = run(checkout)
    assert code == 0, printed
    assert "\n4 passed in " in printed
    for part in ("tests/e2e/test_door.py", "tests/e2e/test_other.py", "tests/cache"):
        assert sum(line.endswith(f" {part}") for line in printed.splitlines()) == 1
    assert "tests/support" not in printed


def test_what_fails_is_shown_and_fails_the_run(checkout: Path) -> None:
    (checkout / "tests/e2e/test_other.py").write_text(PASSES + FAILS, encoding="utf-8")
    (checkout / "tests/cache/deep/test_it.py").write_text("import nothing_like_it\n")
    code, printed = run(checkout)
    assert code == 1
    assert "assert 'this' == 'that'" in printed
    assert "\n3 passed in " in printed
    last = sorted(printed.splitlines()[-2:])
    assert last == ["failed: tests/cache", "failed: tests/e2e/test_other.py"]


def test_what_fails_once_is_tried_alone_and_named(checkout: Path) -> None:
    (checkout / "tests/e2e/test_other.py").write_text(
        "from pathlib import Path\n\n\ndef test_fails_first():\n"
        "    mark = Path('was_here')\n    was, _ = mark.exists(), mark.touch()\n    assert was\n"
    )
    code, printed = run(checkout)
    assert code == 0, printed
    assert "\n4 passed in " in printed
    assert printed.endswith("failed beside others, passed alone: tests/e2e/test_other.py\n")


def test_of_many_failures_none_is_tried_again(checkout: Path) -> None:
    for number in range(9):
        (checkout / f"tests/test_{number}.py").write_text(FAILS, encoding="utf-8")
    code, printed = run(checkout)
    assert code == 1
    assert printed.count("FAILED") == 9


def test_options_go_to_each_and_a_run_of_nothing_fails(checkout: Path) -> None:
    code, printed = run(checkout, "-k", "nothing_of_the_kind")
    assert (code, "no test was selected" in printed) == (pytest.ExitCode.NO_TESTS_COLLECTED, True)


def test_files_without_a_mark_are_left_out(checkout: Path) -> None:
    (checkout / "tests/cache/deep/test_it.py").write_text(
        "import pytest\n@pytest.mark.usefixtures()\ndef test_marked(): pass\n"
    )
    code, printed = run(checkout, "--marked", "usefixtures", "-k", "marked")
    assert code == 0, printed
    assert "\n1 passed in " in printed
    assert "e2e" not in printed


def test_paths_are_run_by_one_pytest(checkout: Path) -> None:
    code, printed = run(checkout, "tests/e2e", "tests/test_top.py::test_passes")
    assert code == 0
    assert "3 passed in " in printed
    assert " processes" not in printed
