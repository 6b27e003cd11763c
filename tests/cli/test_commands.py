"""The words of `porch`: which function each reaches, exit codes, and what is imported for it."""

import ast
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

import porch
from porch.cli import (
    ask,
    cache,
    check,
    demo,
    explain,
    key,
    main,
    orders,
    password,
    purge,
    run,
    schema,
    status,
)
from porch.cli.commands import usage_error

Called = list[tuple[Any, ...]]


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> Called:
    """What each command was asked to do; all of them return 7."""
    calls: Called = []

    def fake(name: str) -> Callable[..., int]:
        def call(*arguments: Any, **_: Any) -> int:
            calls.append((name, *arguments))
            return 7

        return call

    for module, name in (
        (run, "run_file"),
        (check, "check_file"),
        (explain, "explain_request"),
        (schema, "print_schema"),
        (demo, "demo"),
        (ask, "ask_door"),
        (status, "show_status"),
        (orders, "drain"),
        (orders, "undrain"),
        (orders, "weight"),
        (orders, "maintenance"),
        (orders, "canary"),
        (purge, "purge_named"),
        (cache, "show_cache"),
        (password, "hash_password"),
        (key, "make_key"),
    ):
        monkeypatch.setattr(module, name, fake(name))
    return calls


DEFAULT, FILE = Path("porch.toml"), Path("x.toml")


@pytest.mark.parametrize(
    ("words", "call"),
    [
        ("run", ("run_file", DEFAULT)),
        ("run x.toml", ("run_file", FILE)),
        ("check", ("check_file", DEFAULT)),
        ("check x.toml", ("check_file", FILE)),
        ("password", ("hash_password",)),
        ("key new partner", ("make_key", "partner", [])),
        ("key new partner --scope a --scope b", ("make_key", "partner", ["a", "b"])),
        ("explain GET http://a/?b=c", ("explain_request", DEFAULT, "GET", "http://a/?b=c", [])),
        (
            "explain GET http://a/ --config x.toml -H A:1 --header B:2 --client ::1",
            ("explain_request", FILE, "GET", "http://a/", ["A:1", "B:2"], "::1"),
        ),
        ("schema", ("print_schema",)),
        ("demo", ("demo",)),
        ("reload", ("ask_door", DEFAULT, "reload")),
        ("stop --config x.toml", ("ask_door", FILE, "stop")),
        ("reload --diff", ("ask_door", DEFAULT, "diff")),
        ("rollback", ("ask_door", DEFAULT, "rollback")),
        ("upgrade", ("ask_door", DEFAULT, "upgrade")),
        ("status --config x.toml", ("show_status", FILE)),
        ("drain a:1", ("drain", DEFAULT, "a:1", None)),
        ("drain a:1 --wait", ("drain", DEFAULT, "a:1", "5m")),
        ("drain p/a:1 --wait --within 9s --config x.toml", ("drain", FILE, "p/a:1", "9s")),
        ("undrain a:1 --all-pools", ("undrain", DEFAULT, "a:1")),
        ("weight a:1 file", ("weight", DEFAULT, "a:1", "file")),
        ("maintenance a.test off", ("maintenance", DEFAULT, "a.test", "off", None, ("", ""), [])),
        (
            "maintenance a.test on --page p.html --retry-after 9m --for 1h --allow ::1 --allow ::2",
            (
                *("maintenance", DEFAULT, "a.test", "on", Path("p.html"), ("9m", "1h")),
                ["::1", "::2"],
            ),
        ),
        ("canary a.test on", ("canary", DEFAULT, "a.test", "on")),
        ("purge", ("purge_named", DEFAULT, [], [], [])),
        (
            "purge a.test/x b.test/* --host c.test --tag d --tag e --soft --config x.toml",
            ("purge_named", FILE, ["a.test/x", "b.test/*"], ["c.test"], ["d", "e"]),
        ),
        ("cache --json", ("show_cache", DEFAULT)),
    ],
)
def test_each_word_reaches_its_command_and_hands_on_its_exit_code(
    called: Called, words: str, call: tuple[Any, ...]
) -> None:
    assert main(words.split()) == 7
    (found,) = called
    assert found[: len(call)] == call


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("nonsense", "No such command 'nonsense'"),
        ("--nonsense", "No such option"),
        ("explain GET", "Missing argument"),
        ("check a b", "unexpected extra argument"),
        ("status --config", "requires an argument"),
        (
            "reload porch.toml",
            "(porch.toml); the file of the door is an option: porch reload",
        ),
        ("status porch.toml", "is an option: porch status --config FILE (porch --help"),
        ("drain a:1 porch.toml", "is an option: porch drain --config FILE"),
    ],
)
def test_words_used_wrongly_exit_with_2_and_say_where_help_is(
    called: Called, words: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words.split()) == 2
    out, err = capsys.readouterr()
    assert (out, called) == ("", [])
    assert err.startswith("porch: ")
    assert text in err
    assert err.endswith("(porch --help lists the commands)\n")
    assert err.count("\n") == 1


@pytest.mark.parametrize(("words", "code"), [([], 2), (["-h"], 0), (["--help"], 0)])
def test_help_lists_the_commands(
    words: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == code
    out = capsys.readouterr().out
    for word in ("run", "check", "explain", "reload", "status", "stop", "demo", "schema"):
        assert f"\n  {word} " in out


def test_the_version_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"porch {porch.__version__}\n"


def test_ctrl_c_is_130() -> None:
    assert usage_error(typer.Abort()) == 130


def test_a_defect_is_no_usage_error(called: Called, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(check, "check_file", fail)
    with pytest.raises(ZeroDivisionError):
        main(["check"])


# --- what is imported ------------------------------------------------------------------------

SOURCE = Path(porch.__file__).parent


@functools.cache
def imported(module: str) -> frozenset[str]:
    """What importing a module of ours imports at once, further modules of ours included."""
    file = SOURCE.joinpath(*module.split(".")[1:])
    file = file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
    found: set[str] = set()
    for name in _names(ast.parse(file.read_text(encoding="utf-8")).body):
        found.add(name)
        if name.split(".")[0] == "porch" and name != module:
            found |= imported(name)
    return frozenset(found)


def _names(statements: list[ast.stmt]) -> list[str]:
    """The imports that run with the module: not those of functions, nor for types alone."""
    names: list[str] = []
    for each in statements:
        if isinstance(each, ast.Import):
            names += (alias.name for alias in each.names)
        elif isinstance(each, ast.ImportFrom):
            names.append(each.module or "")
        elif isinstance(each, ast.If | ast.Try) and "TYPE_CHECKING" not in ast.unparse(each):
            names += _names(each.body)
    return names


@pytest.mark.parametrize("word", ["ask", "check", "commands", "explain", "run", "schema", "short"])
def test_no_command_waits_for_the_loop_to_be_imported(word: str) -> None:
    found = imported(f"porch.cli.{word}")
    assert found & {"asyncio", "uvloop", "dns.resolver", "aiohappyeyeballs", "starlette"} == set()


@pytest.mark.parametrize("word", ["ask", "commands", "short"])
def test_words_that_need_no_configuration_import_none(word: str) -> None:
    found = imported(f"porch.cli.{word}")
    assert {each for each in found if each.startswith("porch.config")} == set()
    assert "pydantic" not in found


def test_what_is_imported_is_seen_through_modules() -> None:
    assert "asyncio" in imported("porch.manage.worker")
    assert "pydantic" in imported("porch.cli.check")
