"""The examples in the prose work."""

import re

import pytest

from porch.config import reference_text
from porch.config.address import parse_listen
from porch.config.load import load
from porch.config.target import parse_target
from porch.config.units import parse_duration, parse_size
from porch.route.pattern import parse_key


def first_cells(text: str) -> list[str]:
    """The texts in quotes that stand in the first column of a table."""
    cells = re.findall(r"^\| (`.*?`) \|", text, re.MULTILINE)
    return [each for cell in cells for each in re.findall(r"`[\"']([^`]+?)[\"']`", cell)]


def test_the_example_loads_without_a_problem(tmp_path):
    file = tmp_path / "porch.toml"
    example = reference_text.EXAMPLE
    file.write_text(example.split("```toml\n")[1].split("```")[0], encoding="utf-8")
    loaded = load(file)
    assert loaded.report() == ""
    assert len(loaded.routes) == 4
    assert len(loaded.expects) == 1


@pytest.mark.parametrize(
    ("text", "parse", "least"),
    [
        (reference_text.LISTEN, parse_listen, 6),
        (reference_text.KEYS, parse_key, 8),
        (reference_text.REDIRECTS, parse_target, 7),
    ],
    ids=["listen", "keys", "targets"],
)
def test_every_example_in_a_table_is_read(text, parse, least):
    examples = first_cells(text)
    assert len(examples) >= least
    for each in examples:
        parse(each)


def test_the_units_shown_are_read():
    durations, sizes = reference_text.UNITS.split("sizes")
    assert [parse_duration(each) for each in re.findall(r'`"(.*?)"`', durations)]
    assert [parse_size(each) for each in re.findall(r'`"(.*?)"`', sizes)]
