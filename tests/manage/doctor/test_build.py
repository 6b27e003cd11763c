"""Interpreters and libraries that are not there."""

import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest

from porch.manage.doctor.build import check_interpreter, check_libraries, check_versions
from porch.manage.doctor.patient import Patient

PATIENT = Patient(config=Path("p"))
BOTH = "'--enable-optimizations' '--with-lto'"
INSTALLED = {"brotli": "1.1", "ngh2": "0.3.0.post1", "uvloop": "0.22.1", "acme": "5"}


def version(name: str) -> str:
    try:
        return INSTALLED[name]
    except KeyError:
        raise PackageNotFoundError(name) from None


@pytest.mark.parametrize(
    ("arguments", "said", "text"),
    [
        (BOTH, "ok", "built with PGO and LTO"),
        ("'--with-lto'", "look", "without PGO,"),
        ("", "look", "without PGO and LTO,"),
    ],
)
def test_how_the_interpreter_was_built_is_told(arguments: str, said: str, text: str) -> None:
    (found,) = check_interpreter(PATIENT, arguments, True)
    assert (found.said, text in found.sentence) == (said, True)


def test_a_debug_build_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "gettotalrefcount", lambda: 1, raising=False)
    (found,) = check_interpreter(PATIENT, BOTH, True)
    assert found.said == "wrong"


def test_a_missing_loop_is_told() -> None:
    _, found = check_interpreter(PATIENT, BOTH, False)
    assert (found.said, "pip install uvloop" in found.sentence) == ("look", True)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("brotli>=1.1", ""),
        ("brotli>=1.1.0", ""),
        ("acme >= 5.0", ""),
        ("brotli>=1.2", "brotli 1.1 is installed, and >= 1.2 is needed"),
        ("brotli>=1.10", "brotli 1.1 is installed, and >= 1.10 is needed"),
        ("ngh2==0.3.0", ""),
        ("ngh2==0.3.1", "ngh2 0.3.0.post1 is installed, and == 0.3.1 is needed"),
        ("lmdb>=1.7", "lmdb >= 1.7 is not installed"),
        ("uvloop>=0.22; sys_platform != 'win32'", ""),
        ("starlette>=0.47; extra == 'demo'", ""),
    ],
)
def test_what_is_needed_is_compared_with_what_is_installed(line: str, text: str) -> None:
    (found,) = check_libraries(PATIENT, lambda: [line], version, (3, 0))
    assert found.said == ("wrong" if text else "ok")
    assert found.sentence.startswith(text)


def test_each_misfit_is_a_line() -> None:
    lines = ["brotli>=9", "lmdb>=1.7", "acme>=5"]
    assert len([*check_libraries(PATIENT, lambda: lines, version, (3, 0))]) == 2


def test_an_old_openssl_is_told() -> None:
    first, _ = check_libraries(PATIENT, list, version, (1, 1, 1))
    assert (first.said, "no repairs" in first.sentence) == ("look", True)


def test_a_porch_that_is_not_installed_is_told() -> None:
    def nothing() -> Any:
        raise PackageNotFoundError("porch")

    (found,) = check_libraries(PATIENT, nothing, version, (3, 0))
    assert found.said == "look"


def test_what_is_really_installed_here_can_be_compared() -> None:
    assert {each.check for each in check_libraries(PATIENT)} == {"libraries"}


def test_another_version_than_the_installed_wants_an_upgrade() -> None:
    runs = Patient(config=Path("p"), status={"version": "1.0"})
    (found,) = check_versions(runs, lambda: "1.1")
    assert (found.said, "porch upgrade" in found.sentence) == ("look", True)
    (found,) = check_versions(runs, lambda: "1.0")
    assert found.said == "ok"
    (found,) = check_versions(PATIENT, lambda: "1.1")
    assert found.said == "ok"
