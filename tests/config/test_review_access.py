"""What is said of words about addresses at `porch check`, before anything is read."""

from typing import Any

import pytest

from porch.config.load import load_mapping


def problems(**words: Any) -> list[str]:
    found = load_mapping({"listen": ":80", "routes": {"a.test": ":1"}} | words, "porch.toml")
    return [f"{each.severity}: {each.text}" for each in found.problems]


def test_good_words_are_no_problem() -> None:
    assert problems(allow=["10.0.0.0/8", "unix", "private"], deny="10.0.0.1") == []
    assert problems(trust=["private", "unix", "::1"], proxy_protocol="10.0.0.5") == []


@pytest.mark.parametrize("where", [{}, {"routes": {"a.test": {"to": ":1"}}}])
def test_a_word_that_is_nobody_is_told_of_wherever_it_stands(where: dict[str, Any]) -> None:
    words: dict[str, Any] = {"allow": ["10.0.0.0/8", "10.0.0.1/8"]}
    if where:
        where["routes"]["a.test"] |= words
        words = where
    (found,) = problems(**words)
    assert "allow[1]: '10.0.0.1/8' is an address within a network; write 10.0.0.0/8" in found


@pytest.mark.parametrize("text", ["country:DE", "asn:1"])
def test_a_place_needs_a_file_that_knows_it(text: str) -> None:
    assert problems(deny=[text]) == [
        f"error: deny[0]: '{text}' needs a file that knows: geo = \"country.mmdb\" at the top"
    ]
    assert len(problems(geo_fields=True)) == 1
    assert problems(geo="x", geo_fields=True, deny=[text]) == []


def test_what_stands_in_both_lists_is_told_of() -> None:
    (found,) = problems(allow=["10.0.0.1"], deny=["10.0.0.1"])
    assert found == "warning: deny: '10.0.0.1' stands in allow too; it is denied"


@pytest.mark.parametrize("word", ["trust", "proxy_protocol"])
def test_nobody_is_believed_who_is_no_network(word: str) -> None:
    (found,) = problems(**{word: ["country:DE"]})
    assert "'country:DE' is nobody to believe; name networks" in found
    (found,) = problems(**{word: ["x"]})
    assert "'x' is no address or network" in found


@pytest.mark.parametrize("word", ["trust", "proxy_protocol"])
@pytest.mark.parametrize("text", ["0.0.0.0/0", "::/0"])
def test_to_believe_everybody_is_warned_about(word: str, text: str) -> None:
    (found,) = problems(**{word: [text]})
    assert found.startswith(f"warning: {word}[0]: {text}: every client is believed")
