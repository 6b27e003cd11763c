"""What is warned of compression; the golden file has more of it."""

import pytest

from porch.config.load import load_mapping


def problems(words: object, place: str) -> list[tuple[str, str]]:
    data: dict[str, object] = {"routes": {"a.test": {"to": "a:1"}}}
    if place == "top":
        data["compress"] = words
    elif place == "site":
        data["site"] = {"a.test": {"compress": words}}
    else:
        data["routes"] = {"a.test": {"to": "a:1", "compress": words}}
    found = load_mapping(data, "porch.toml")
    return [(each.severity, each.text) for each in found.problems]


@pytest.mark.parametrize("place", ["top", "site", "route"])
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (True, ""),
        (["br", "gzip"], ""),
        ({"types": ["text/html", "image/svg+xml"], "padding": "32B"}, ""),
        ({"types": ["text/*"], "events": True}, ""),
        ({"types": ["text/html", "image/PNG"]}, "compressed in itself"),
        ({"secrets": True, "padding": "32B"}, "'padding' does nothing"),
        ({"types": ["text/html"], "events": True}, "'events' does nothing"),
    ],
)
def test_what_brings_nothing_is_warned_of_where_it_is_written(
    words: object, told: str, place: str
) -> None:
    found = problems(words, place)
    if not told:
        assert found == []
    else:
        ((severity, text),) = found
        assert severity == "warning"
        assert told in text
