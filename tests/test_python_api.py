"""The package as a program imports it: porch.Config, porch.run, porch.ConfigurationError."""

import importlib.metadata
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import porch
from porch.cli import run as module

ROUTES = {"*": "127.0.0.1:3000"}


def test_the_words_are_those_of_the_file() -> None:
    porch.Config(
        listen=[":8080"], routes={"a.test/x/*": {"to": [":1", ":2"], "strip": True}}, grace="5s"
    ).check()


def test_every_problem_is_in_one_error() -> None:
    with pytest.raises(porch.ConfigurationError) as caught:
        porch.Config(routes={"*": {"to": ":1", "strp": True}}, lisen=":80").check()
    text = str(caught.value)
    assert "did you mean 'strip'?" in text
    assert "did you mean 'listen'?" in text
    assert isinstance(caught.value, ValueError)


def test_expectations_are_checked_too() -> None:
    config = porch.Config(routes=ROUTES, expect=[{"get": "http://a.test/", "status": 404}])
    with pytest.raises(porch.ConfigurationError, match="by its origin, not 404"):
        config.check()


def test_nothing_is_read_or_checked_before_it_is_asked_for() -> None:
    assert repr(porch.Config(routes=3, listen=4)) == "<Config listen, routes>"
    assert repr(porch.Config()) == "<Config empty>"
    assert repr(porch.Config.read("none.toml")) == "<Config none.toml>"


@pytest.mark.parametrize("kind", [str, Path])
def test_a_file_is_read_with_its_places(tmp_path: Path, kind: Callable[[Path], Any]) -> None:
    file = tmp_path / "porch.toml"
    file.write_text('[routes]\n"*" = { to = ":1", strp = true }\n')
    with pytest.raises(porch.ConfigurationError, match=f"{file}:2:"):
        porch.Config.read(kind(file)).check()
    file.write_text('[routes]\n"*" = ":1"\n')
    porch.Config.read(kind(file)).check()


class FakeRun:
    """Stands in for the serving: keeps what it was given."""

    def __init__(self) -> None:
        self.control: Path | None = None
        self.keys: list[str] = []

    def __call__(self, load_again: Callable[[], Any], *, control: Path | None = None) -> int:
        self.control = control
        self.keys = [entry.key for entry in load_again().routes]
        return 3


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> FakeRun:
    fake = FakeRun()
    monkeypatch.setattr(module, "run_loaded", fake)
    return fake


def test_a_configuration_in_python_runs_without_a_control_socket(served: FakeRun) -> None:
    assert porch.run(porch.Config(routes=ROUTES)) == 3
    assert (served.control, served.keys) == (None, ["*"])


def test_that_of_a_file_is_found_by_commands_by_its_file(served: FakeRun, tmp_path: Path) -> None:
    file = tmp_path / "porch.toml"
    file.write_text('[routes]\n"a.test" = ":1"\n')
    assert porch.run(porch.Config.read(file)) == 3
    assert (served.control, served.keys) == (file, ["a.test"])


def test_what_is_wrong_is_raised_and_nothing_runs(served: FakeRun) -> None:
    with pytest.raises(porch.ConfigurationError):
        porch.run(porch.Config(routes={"*": ":x"}))
    assert served.keys == []


def test_the_version_is_that_of_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", {"porch": "9.8.7"}.__getitem__)
    assert porch.__version__ == "9.8.7"


def test_what_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'porch' has no attribute 'Confg'"):
        _ = porch.Confg


def test_what_is_public_is_there() -> None:
    assert {"Config", "ConfigurationError", "run"} <= set(porch.__all__)
    assert all(hasattr(porch, name) for name in porch.__all__)


def test_importing_it_is_light() -> None:
    program = "import sys, porch; print(*sys.modules)"
    source = str(Path(porch.__file__).parent.parent)
    ran = subprocess.run(
        [
            sys.executable,
            "-S",
            "-E",
            "-c",
            f"import sys; sys.path.insert(0, {source!r}); {program}",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    heavy = {"asyncio", "importlib.metadata", "pydantic", "ssl", "typer", "uvloop"}
    assert heavy & set(ran.stdout.split()) == set()


def test_what_is_kept_can_be_purged_from_python(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def ask(config: Path, command: str, words: dict[str, Any]) -> dict[str, object]:
        asked.append((config, command, words))
        return {"purged": ["https://a.test/"]} if not words["soft"] else {"error": "porch: no"}

    monkeypatch.setattr("porch.manage.control.client.ask", ask)
    assert porch.purge("https://a.test/", tags=["b"], config="x.toml") == ["https://a.test/"]
    words = {"urls": ["https://a.test/"], "hosts": [], "tags": ["b"], "all": False, "soft": False}
    assert asked == [(Path("x.toml"), "purge", words)]
    with pytest.raises(RuntimeError, match=r"\Ano\Z"):
        porch.purge(everything=True, soft=True)
    porch.purge(tags="post-1")
    assert asked[-1][2]["tags"] == ["post-1"]
    with pytest.raises(ValueError, match="nothing is named"):
        porch.purge()
    with pytest.raises(ValueError, match="is no tag"):
        porch.purge(tags=["a b"])


def test_a_purge_without_a_door_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with pytest.raises(RuntimeError, match="no door runs with"):
        porch.purge(everything=True, config=tmp_path / "porch.toml")
