"""The pages name files and names that exist."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from porch.cache.refusal import REFUSALS
from porch.cli import main
from porch.config.load import load_mapping
from tests.test_levels import LEVELS

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "life-of-a-request.md"
SOURCES = {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "src").rglob("*.py"))}


def _defined(name: str) -> bool:
    """Whether `name` ("Class.method", "function", "CONSTANT") is defined in some source."""
    holder, _, member = name.rpartition(".")
    for text in SOURCES.values():
        if holder:
            found = re.search(rf"^class {holder}\b", text, re.MULTILINE) and re.search(
                rf"^    (?:async )?def {member}\b|^    {member}\b", text, re.MULTILINE
            )
        else:
            found = re.search(
                rf"^\s*(?:class|def|async def) {member}\b|^{member}\b", text, re.MULTILINE
            )
        if found:
            return True
    return False


def test_every_file_on_the_page_exists():
    files = re.findall(r"`((?:src|tests|docs|bench)/[\w/.-]+)`", PAGE.read_text(encoding="utf-8"))
    assert len(files) > 10
    assert [name for name in files if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", ["certificates.md", "reload.md", "threat-model.md"])
def test_every_test_that_a_page_counts_on_exists(page):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    promises = text.partition("## What is promised")[2].partition("\n## ")[0]
    files = re.findall(r"`(tests/[\w/.]+)`", promises)
    assert len(files) > 10
    assert [name for name in files if not (ROOT / name).exists()] == []


def test_every_name_on_the_page_is_defined():
    names = re.findall(r"`([A-Z]\w+(?:\.\w+)?|[a-z]+_[a-z_]+)`", PAGE.read_text(encoding="utf-8"))
    inherited = {"Decoder.decode", "Exchange.on_end"}
    assert len(names) > 20
    assert [name for name in names if name not in inherited and not _defined(name)] == []


def test_the_calls_that_the_page_counts_are_those_of_the_budgets():
    text = PAGE.read_text(encoding="utf-8")
    files = re.findall(r"`(tests/budget/test_\w+\.py)`", text)
    assert len(files) > 4
    for file in files:
        before = text.partition(f"`{file}`")[0]
        told = re.findall(r"(\d+) Python calls", before)[-1]
        budget = (ROOT / file).read_text(encoding="utf-8")
        assert f"\nMOST_CALLS = {told}\n" in budget, file


def test_the_levels_of_the_design_are_those_that_are_checked():
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d) \| `([^`]+)`", text, re.MULTILINE)
    told = {part.rstrip("/"): int(level) for level, parts in rows for part in parts.split()}
    assert told == {part: level for part, level in LEVELS.items() if level < 7}


def test_every_file_that_the_design_names_exists():
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    files = re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.py)`", text)  # of the root, or of src/porch
    assert len(files) > 10
    homes = (ROOT, ROOT / "src" / "porch")
    assert [each for each in files if not any((home / each).exists() for home in homes)] == []


def test_a_name_that_does_not_exist_is_noticed():
    assert not _defined("NoSuchClass.method")
    assert not _defined("no_such_function_at_all")


def test_every_link_between_the_pages_leads_somewhere():
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    broken = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in pages
        for link in re.findall(r"\]\(([\w./-]+\.md)[)#]", page.read_text(encoding="utf-8"))
        if not (page.parent / link).exists()
    ]
    assert broken == []


CONFIGURED = ["bots.md", "browsers.md", "cache.md", "hidden-backends.md", "identity.md"]
CONFIGURED += ["limits.md", "purge.md"]


@pytest.mark.parametrize("page", CONFIGURED)
def test_every_configuration_on_the_page_is_one_without_a_problem(page):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    examples = re.findall(r"^```toml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert examples
    for example in examples:
        found = load_mapping(tomllib.loads(example), page)
        assert found.report() == "", example


def test_the_document_on_the_page_about_apis_is_one(tmp_path, monkeypatch):
    text = (ROOT / "docs" / "openapi.md").read_text(encoding="utf-8")
    (document,) = re.findall(r"^\$ cat api.yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (tmp_path / "api.yaml").write_text(document, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    examples = re.findall(r"^```toml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(examples) == 1
    for example in examples:
        assert load_mapping(tomllib.loads(example), "openapi.md").report() == "", example


def test_every_reason_why_nothing_is_kept_is_in_the_table():
    text = (ROOT / "docs" / "cache.md").read_text(encoding="utf-8")
    table = text.partition("## Will it be cached?")[2].partition("\n## ")[0]
    words = {each.word for each in REFUSALS} - {"head", "range", "tags"}
    assert {word for word in words if f"`{word}`" not in table} == set()


def test_every_way_to_purge_is_one(capsys):
    text = (ROOT / "docs" / "purge.md").read_text(encoding="utf-8")
    commands = [*re.findall(r"^\| `porch (purge [^`]*)`", text, re.MULTILINE)]
    commands += re.findall(r"^porch (purge .*)$", text, re.MULTILINE)
    assert len(commands) > 6
    for command in commands:
        assert main([*shlex.split(command), "--config", "/nowhere/porch.toml"]) == 1
        assert "does not exist" in capsys.readouterr().err
