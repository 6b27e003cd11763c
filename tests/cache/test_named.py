"""What a purge names."""

import pytest

from porch.cache.named import EVERYTHING, Named, host_named, named_in, tag_named, urls_named
from porch.cache.tags import LONGEST, tags_of


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://a.test/x?y=1", b"https://a.test/x?y=1"),
        ("HTTPS://A.Test", b"https://a.test/"),
        ("https://a.test:443/x", b"https://a.test/x"),
        ("http://a.test:443/x", b"http://a.test:443/x"),
        ("http://a.test:80/X#part", b"http://a.test/X"),
        ("http://a.test:8080/", b"http://a.test:8080/"),
        ("http://[::1]:8080/", b"http://[::1]:8080/"),
        ("http://a.test./", b"http://a.test/"),
        ("http://a.test.:8080/", b"http://a.test:8080/"),
        ("http://[0:0::1]/", b"http://[::1]/"),
        ("https://münchen.test/%c3%bc%41", b"https://xn--mnchen-3ya.test/%C3%BCA"),
    ],
)
def test_a_url_is_named_as_the_store_has_it(text: str, url: bytes) -> None:
    assert urls_named(text) == [Named("url", url)]


def test_without_a_scheme_both_are_meant() -> None:
    assert urls_named("a.test/x") == [
        Named("url", b"http://a.test/x"),
        Named("url", b"https://a.test/x"),
    ]
    assert urls_named("a.test:80/x") == [
        Named("url", b"http://a.test/x"),
        Named("url", b"https://a.test:80/x"),
    ]


def test_a_star_at_the_end_is_all_that_begin_so() -> None:
    assert urls_named("https://a.test/blog/*") == [Named("prefix", b"https://a.test/blog/")]
    assert urls_named("https://a.test/*")[0].value == b"https://a.test/"
    assert urls_named("https://a.test/a*b") == [Named("url", b"https://a.test/a*b")]


@pytest.mark.parametrize(
    "text",
    [
        *("", "*", "/x", "https://", "https:///x", "ftp://a.test/", "https://a.test*", "a test/x"),
        *("https://a.test/ü", "https://a.test/a b", "https://a.test:x/", "https://a.test:99999/"),
        *("https://*.a.test/", "https://u:p@a.test/"),
    ],
)
def test_what_is_no_url_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        urls_named(text)


def test_a_host_has_no_port_and_no_star() -> None:
    assert host_named("A.test") == Named("host", b"a.test")
    assert host_named("a.test.") == Named("host", b"a.test")
    for text in ("*.a.test", "*", "a.test:80", ""):
        with pytest.raises(ValueError, match=r"\w"):
            host_named(text)


def test_a_tag_is_one_word() -> None:
    assert tag_named("post-12") == Named("tag", b"post-12")
    for text in ("", "a b", "a,b", " a", "a\n", "a\x00", "\x7f", "\ud800"):
        with pytest.raises(ValueError, match="is no tag"):
            tag_named(text)
    assert tag_named("x" * LONGEST) == Named("tag", b"x" * LONGEST)
    with pytest.raises(ValueError, match="longer than 1024 bytes"):
        tag_named("é" * (LONGEST // 2 + 1))


@pytest.mark.parametrize("tag", [b"caf\xc3\xa9", b"caf\xe9", b"\xc2\xa0", b"\xe2\x80\xa8", b'"a"'])
@pytest.mark.parametrize("field", [b"cache-tag", b"surrogate-key", b"xkey"])
def test_every_tag_that_a_field_can_have_can_be_named(tag: bytes, field: bytes) -> None:
    as_an_argument = tag.decode("utf-8", "surrogateescape")
    assert [tag_named(as_an_argument).value] == tags_of([(field, tag)])


def test_the_words_of_a_command_name_several_things_or_something_is_wrong() -> None:
    words = {"urls": ["https://a.test/"], "hosts": ["b.test"], "tags": ["c"], "all": True}
    assert named_in(words) == [
        Named("url", b"https://a.test/"),
        Named("host", b"b.test"),
        Named("tag", b"c"),
        EVERYTHING,
    ]
    for wrong in ({}, {"all": False}, {"all": "yes"}, {"tags": "c"}, {"urls": [1]}, {"tags": []}):
        with pytest.raises(ValueError, match=r"nothing is named|is a list of texts"):
            named_in(wrong)
