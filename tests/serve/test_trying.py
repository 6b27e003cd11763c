"""Which files are tried for a path."""

import re

import pytest

from porch.serve.named import Named
from porch.serve.trying import DEFAULT, parse_attempt

FILE = Named((b"a", b"b"), False)
FOLDER = Named((b"a",), True)
ROOT = Named((), True)


@pytest.mark.parametrize(
    ("text", "of_file", "of_folder", "of_root"),
    [
        ("{path}", (b"a", b"b"), None, None),
        ("{path}/", (b"a", b"b"), (b"a",), ()),
        ("{path}.html", (b"a", b"b.html"), None, None),
        ("{path}/app.html", (b"a", b"b", b"app.html"), (b"a", b"app.html"), (b"app.html",)),
        ("/index.html", (b"index.html",), (b"index.html",), (b"index.html",)),
        ("/x/caf\u00e9.html", (b"x", b"caf\xc3\xa9.html"), *[(b"x", b"caf\xc3\xa9.html")] * 2),
    ],
)
def test_an_attempt_names_a_file(text: str, of_file: object, of_folder: object, of_root: object):
    attempt = parse_attempt(text)
    assert attempt.of(FILE) == of_file
    assert attempt.of(FOLDER) == of_folder
    assert attempt.of(ROOT) == of_root


def test_the_usual_ones_are_the_file_and_the_index_of_the_folder():
    file, folder = map(parse_attempt, DEFAULT)
    assert not file.is_folder
    assert folder.is_folder


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("index.html", "/index.html is below the root"),
        ("", "begins with / or {path}"),
        ("/app/", "names a folder; name a file, such as /app/index.html"),
        ("{uri}", "there is only {path}"),
        ("/x{path}", "stands once, at the beginning"),
        ("{path}{path}", "stands once, at the beginning"),
        ("{path", "stands once"),
        ("{path}.html/x", "an ending, or a slash and a name"),
        ("=404", "ends in 404 of itself"),
        ("/a b", "white space"),
        ("/a?b", "has a ?"),
    ],
)
def test_what_names_no_file_is_said(text: str, why: str):
    with pytest.raises(ValueError, match=re.escape(why)):
        parse_attempt(text)


def test_nobody_tries_to_climb():
    for text in ("/../x", "{path}/../x"):
        with pytest.raises(ValueError, match=r"\.\."):
            parse_attempt(text)
