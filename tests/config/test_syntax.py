"""What TOML refuses, in our words."""

import tomllib

import pytest

from porch.config.syntax import explain_syntax

ONE_LINE = "a table in { } is one line"


def explained(text: str) -> tuple[int, int, str]:
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads(text)
    return explain_syntax(caught.value, text, "porch.toml")


@pytest.mark.parametrize(
    ("text", "line", "column", "sentence"),
    [
        ("a = 10.0.0.1:80", 1, 9, "is it a text without quotes?"),
        ("a = :3000", 1, 5, "a text stands in quotes"),
        ("a = True", 1, 5, "true and false are small"),
        ('\na = "x\nb = 1', 2, 7, "the closing quote is missing in this line"),
        ('a = """x', 1, 9, "the closing quote is missing"),
        ("a = 'x", 1, 7, "the closing quote is missing"),
        ('a = "\x01"', 1, 6, "this character is invisible"),
        ("a = {x = 1,\n y = 2}", 1, 12, ONE_LINE),
        ("a = {x = 1\n}", 1, 11, ONE_LINE),
        ("a = {x = 1, }", 1, 13, ONE_LINE),
        ("a = [1 2]", 1, 8, "a comma is missing between two items"),
        ("a = [1,\n", 1, 8, "the file ends before the value does"),
        ("[routes", 1, 8, "the ] is missing"),
        ("[routes.example.com/x]", 1, 20, "the quotes around a name with / or *"),
        ("[[routes.*]]", 1, 10, "a key with / or * stands in quotes"),
        ('"a/~\\d" = 1', 1, 7, "a regex stands in single quotes"),
        ("a.test/x = 1", 1, 7, "a key with / or * stands in quotes"),
        ('*.a = "x"', 1, 1, "a key with * or / is quoted"),
        ("a.b = 1\na = 1", 2, 6, "this name is taken above"),
        ("a = 1\n<<<<<<< HEAD\nb = 2\n", 2, 1, "the marks of a merge; keep one side"),
        ("// b", 1, 1, "a comment begins with #"),
        ("<Proxy>\n", 1, 1, "looks like XML"),
        ('{"a": 1}', 1, 1, "looks like JSON"),
        ('{\n "a": 1\n}', 1, 1, "looks like JSON"),
        ("server {\n}", 1, 8, "looks like the file of another proxy"),
        ("listen 80;", 1, 8, "looks like the file of another proxy"),
        ("a:\n  - b", 1, 2, "looks like YAML"),
        ("a.b: c d", 1, 4, "looks like YAML"),
        ("=======\n", 1, 1, "the marks of a merge"),
        ("a\0 \0=\0", 1, 2, "the file is UTF-16, or was not written to its end"),
        ("a = 1\rb = 2\r", 1, 6, "save the file with LF"),
        ("a = {{ b }}", 1, 6, "which was not filled in"),
        ("a\xa0= 1", 1, 2, "invisible (U+00A0); delete it or type a plain space"),
        ("\ufeffa = 1", 1, 1, "invisible (U+FEFF)"),
    ],
)
def test_the_way_out_is_said_in_the_place(text, line, column, sentence):
    found = explained(text)
    assert found[:2] == (line, column)
    assert sentence in found[2]


@pytest.mark.parametrize(
    ("text", "line", "column", "sentence"),
    [
        ('[routes]\n"a" = 1\n"a" = 2\n', 3, 1, '"a" stands here a second time, after porch.toml:2'),
        ("[routes]\nx = 1\n[routes]\n", 3, 1, '"routes" stands here a second time, after porch'),
        ('[routes]\n"a" = 1\n[routes."a"]\nb = 2', 3, 1, '"a" stands here a second time, after'),
        ("x = { a = 1, a = 2 }", 1, 14, '"a" stands here a second time, after porch.toml:1'),
    ],
)
def test_a_name_given_twice_is_shown_with_both_places(text, line, column, sentence):
    found = explained(text)
    assert found[:2] == (line, column)
    assert sentence in found[2]


def test_what_tomllib_may_say_one_day_is_passed_on():
    error = tomllib.TOMLDecodeError("Something new (at line 2, column 3)")
    assert explain_syntax(error, "a = 1\nb = 2\n", "p.toml") == (
        2,
        3,
        "this is not TOML: Something new (at line 2, column 3)",
    )
