"""What words of a list of networks mean."""

import pytest

from porch.config.load import load_mapping
from porch.config.networks import CDNS, PRIVATE, cdn_file, file_of, lines_of, parse_word


def test_each_kind_of_word_is_read() -> None:
    assert parse_word("10.0.0.0/8").networks == ((10 << 24, 32, 8),)
    assert len(parse_word("private").networks) == len(PRIVATE)
    assert parse_word("unix").kind == "unix"
    assert (parse_word("file:a b.txt").kind, parse_word("file:a b.txt").value) == (
        "file",
        "a b.txt",
    )
    assert (parse_word("country:de").kind, parse_word("country:de").value) == ("country", "DE")
    assert {parse_word(each).value for each in ("asn:13335", "asn:AS13335")} == {"13335"}


@pytest.mark.parametrize("name", sorted(CDNS))
def test_a_cdn_is_a_file_beside_the_configuration(name: str) -> None:
    word = parse_word(name)
    assert (word.kind, word.cdn, word.value) == ("file", name, f"networks/{name}.txt")
    assert cdn_file(name) == word.value
    assert file_of(load_mapping({}, "x"), word).parts[-2:] == ("networks", f"{name}.txt")
    assert all(url.startswith("https://") for url in CDNS[name])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("10.0.0.1/8", "write 10.0.0.0/8"),
        ("10.0.0.256", "no address or network"),
        ("*", "no address or network"),
        ("cloudflair", "did you mean 'cloudflare'"),
        ("file:", "file: names a file"),
        ("file:\0", "file: names a file"),
        ("country:Germany", "two letters"),
        ("country:", "two letters"),
        ("asn:0", "no number of an operator"),
        ("asn:4294967296", "no number of an operator"),
        ("asn:x", "no number of an operator"),
    ],
)
def test_what_is_nobody_is_refused_with_what_to_write(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_word(text)


def test_lines_are_counted_and_comments_left_out() -> None:
    content = b"# made by hand\n\n10.0.0.0/8 ; SBL1\r\n  ::1 # us\n\xff\n"
    assert [*lines_of(content)] == [(3, "10.0.0.0/8"), (4, "::1"), (5, "\ufffd")]
