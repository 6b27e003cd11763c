"""What TOML refuses, in the operator's words: tomllib knows the place and not the way out."""

import re
import tomllib

from porch.config.locate import Place, repeated

__all__ = ["explain_syntax"]

_PLACE = re.compile(r" \(at line (\d+), column (\d+)\)\Z")
_TWICE = ("Cannot overwrite", "Cannot declare", "Cannot redefine", "Cannot mutate", "Duplicate")
_ONE_LINE = (
    "a table in { } is one line, without a comma at its end; "
    'a long route is its own table: [routes."…"]'
)
_SENTENCES = (
    ("Expected newline or end", "there is more behind the value; is it a text without quotes?"),
    ("Invalid value", "this is no value; a text stands in quotes, true and false are small"),
    ("Unescaped '\\'", "a \\ in double quotes is an escape; a regex stands in single quotes"),
    ("Expected '=' after a key", "a key with / or * stands in quotes, and = follows a key"),
    ("Invalid initial character", "a key with / or * stands in quotes"),
    ("Invalid statement", "a line begins with a key or a [table]; a key with * or / is quoted"),
    ("Unclosed inline table", _ONE_LINE),
    ("Unclosed array", "a comma is missing between two items of a list, or the ] behind them"),
    ("Expected ']", "the ] is missing, or the quotes around a name with / or *"),
    ("Unterminated string", "the closing quote is missing"),
    ("Expected \"'", "the closing quote is missing"),
    ("Illegal character '\\n'", "the closing quote is missing in this line"),
    ("Illegal character '\\r'", "the closing quote is missing in this line"),
    ("Illegal character", "this character is invisible; write it as an escape, such as \\t"),
    (*_TWICE, "this name is taken above, by a value or a table"),
)
"""How messages of tomllib begin, and what is said instead."""
_FOREIGN = tuple(
    (re.compile(pattern), sentence)
    for pattern, sentence in (
        (r"[ \t]*//", "a comment begins with #"),
        (r"[ \t]*<\w", "this looks like XML or Apache; here a line is: word = value, or a [table]"),
        (
            r"[ \t]*[{\"][^=\n]*(?:\"[ \t]*:|\n)",
            "this looks like JSON; here a line is: word = value",
        ),
        (
            r"[^=\n]*[{;}][ \t]*(?:\n|\Z)",
            "this looks like the file of another proxy; here a line is: word = value, or a [table]",
        ),
        (
            r"[ \t]*(?:- )?[\w.-]+:(?:[ \t]|\n|\Z)",
            "this looks like YAML; here = follows a key, and a "
            'text stands in quotes: word = "text"',
        ),
    )
)
"""How lines of other languages look, which are pasted by mistake."""
_MERGE = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")


def explain_syntax(error: tomllib.TOMLDecodeError, text: str, file: str) -> tuple[int, int, str]:
    """Line, column and a sentence for what tomllib says of `text`, which stands in `file`."""
    message = str(error)
    found = _PLACE.search(message)
    line, column = (int(found[1]), int(found[2])) if found else _end(text)
    offset = _offset(text, line, column)
    if message.startswith(_TWICE):
        twice = repeated(text, offset)
        if twice is not None:
            path, (first, _), second = twice
            return *second, f'"{path[-1]}" stands here a second time, after {file}:{first}'
    if (strange := _strange(text, offset)) is not None:
        return line, column, strange
    if message.startswith("Invalid initial character") and text[offset : offset + 1] in "\r\n}":
        return line, column, _ONE_LINE
    if message.startswith("Invalid value") and not text[offset:].strip():
        return line, column, "the file ends before the value does"
    if message.startswith(("Expected '=' after a key", "Invalid statement")):
        start = text.rfind("\n", 0, offset) + 1
        for pattern, sentence in _FOREIGN:
            if pattern.match(text, start):
                return line, column, sentence
    for *starts, sentence in _SENTENCES:
        if message.startswith(tuple(starts)):
            return line, column, sentence
    return line, column, f"this is not TOML: {message}"


def _strange(text: str, offset: int) -> str | None:
    """What is wrong where it is not a matter of TOML's rules, else None."""
    if text.startswith(_MERGE, text.rfind("\n", 0, offset) + 1):
        return "these are the marks of a merge; keep one side and delete the lines of the marks"
    if "\0" in text[offset : offset + 2]:
        return (
            "there are zeros here: the file is UTF-16, or was not written to its end; save it anew"
        )
    if "\r" in text and "\n" not in text:
        return "the line ends are those of old (CR alone); save the file with LF"
    if "{{" in text[max(0, offset - 1) : offset + 2]:
        return "this is a template's {{ }}, which was not filled in"
    character = text[offset : offset + 1]
    if character > "~" and not (character.isprintable() and character.strip()):
        return (
            f"this character is invisible (U+{ord(character):04X}); delete it or type a plain space"
        )
    return None


def _end(text: str) -> Place:
    """Behind the last word of a text."""
    rest = text.rstrip()
    return rest.count("\n") + 1, len(rest) - rest.rfind("\n")


def _offset(text: str, line: int, column: int) -> int:
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
    return start + column - 1
