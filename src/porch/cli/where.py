"""Where: which exchanges somebody wants to see, as an expression over the fields of the log.

    status >= 500 and total_ms > 100 and path ~ "^/api"

`or`, `and` and `not`, from loose to tight, with parentheses; `==`, `!=`, `<`, `<=`, `>`, `>=`; `~`
and `!~` for regular expressions of RE2, which take time in proportion to the text. A field alone
holds where it is there and neither 0, false nor empty. Nothing of it is run as code.
"""

import operator
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, NoReturn

__all__ = ["DEEPEST", "FIELDS", "LONGEST", "Condition", "parse_where"]

LONGEST, DEEPEST = 4096, 50
"""Characters of an expression, and parentheses and `not` within each other."""

Record = Mapping[str, Any]
Condition = Callable[[Record], bool]
"""Whether a line of the log is meant."""

FIELDS: Mapping[str, str] = {
    **dict.fromkeys(("time", "id", "trace", "client", "method", "host", "target", "path"), "text"),
    **dict.fromkeys(("version", "user", "route", "endpoint"), "text"),
    **dict.fromkeys(("reason", "sentence", "detail"), "text"),
    **dict.fromkeys(("status", "attempts", "bytes_in", "bytes_out"), "number"),
    **dict.fromkeys(("total_ms", "connect_ms", "first_byte_ms"), "number"),
    "reused": "flag",
}
"""Names of the log (json_lines.py), with what they are; `path` is the target without its query."""

_HOW = {"text": 'a text: write it in quotes, "…"', "number": "a number", "flag": "true or false"}
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TOKEN = re.compile(
    r"""\s*(?:(?P<number>-?\d+(?:\.\d+)?(?![\w.]))|(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"""|(?P<word>[A-Za-z_]\w*)|(?P<sign>==|!=|<=|>=|!~|[=<>~()])|(?P<end>$)|(?P<wrong>.))""",
    re.DOTALL,
)
_WORDS = frozenset(("and", "or", "not", "true", "false", "null"))
_VALUES = {"true": True, "false": False, "null": None}


def parse_where(text: str) -> Condition:
    """Raises ValueError: what is wrong, and below it the expression with a caret at the place."""
    if len(text) > LONGEST:
        raise ValueError(f"--where is longer than {LONGEST} characters")
    return _Parser(text).parse()


class _Parser:
    """kind, word, at: of the token that comes next; word is its text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._end = self._depth = 0
        self._next()

    def parse(self) -> Condition:
        found = self._any()
        if self._kind != "end":
            self._fail("here 'and' or 'or' should stand, or the end")
        return found

    def _next(self) -> None:
        match = _TOKEN.match(self._text, self._end)
        assert match is not None
        assert match.lastgroup is not None
        self._kind, self._word = match.lastgroup, match[match.lastgroup]
        self._at, self._end = match.start(match.lastgroup), match.end()
        if self._kind == "wrong":
            quote = "this quote is not closed" if self._word in "'\"" else "this means nothing here"
            self._fail(quote)

    def _fail(self, why: str, at: int | None = None) -> NoReturn:
        shown = "".join(each if each.isprintable() else " " for each in self._text)
        raise ValueError(f"--where: {why}\n  {shown}\n  {' ' * (self._at if at is None else at)}^")

    def _takes(self, word: str) -> bool:
        if self._kind not in ("word", "sign") or self._word != word:
            return False
        self._next()
        return True

    def _any(self) -> Condition:
        parts = [self._all()]
        while self._takes("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else lambda record: any(each(record) for each in parts)

    def _all(self) -> Condition:
        parts = [self._one()]
        while self._takes("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda record: all(each(record) for each in parts)

    def _one(self) -> Condition:
        self._depth += 1
        if self._depth > DEEPEST:
            self._fail(f"more than {DEEPEST} parentheses and 'not' within each other")
        if self._takes("not"):
            inner = self._one()
            found = _negated(inner)
        elif self._takes("("):
            found = self._any()
            if not self._takes(")"):
                self._fail("here ')' should stand")
        else:
            found = self._comparison()
        self._depth -= 1
        return found

    def _comparison(self) -> Condition:
        name = self._field()
        get = _getter(name)
        sign = self._word
        if self._kind == "sign" and sign in ("~", "!~"):
            if FIELDS[name] != "text":
                self._fail(f"'{name}' is {_HOW[FIELDS[name]]}; {sign} is for texts")
            self._next()
            return self._pattern(get, is_wanted=sign == "~")
        if self._kind != "sign" or sign not in _COMPARE:
            return lambda record: bool(get(record))
        self._next()
        at, value = self._at, self._value()
        kind = FIELDS[name]
        if (value is None or kind == "flag") and sign not in ("==", "=", "!="):
            self._fail("this has no order: == or != can be asked", at)
        if value is not None and kind != _kind(value):
            self._fail(f"'{name}' is {_HOW[kind]}", at)
        compare = _COMPARE[sign]
        if value is None or sign in ("==", "=", "!="):
            return lambda record: compare(get(record), value)
        return lambda record: (got := get(record)) is not None and compare(got, value)

    def _field(self) -> str:
        name = self._word
        if self._kind != "word" or name in _WORDS:
            self._fail("here the name of a field should stand, such as status")
        if name not in FIELDS:
            near = get_close_matches(name, FIELDS, 1)
            self._fail(f"'{name}' is no field; " + (near[0] if near else ", ".join(FIELDS)))
        self._next()
        return name

    def _value(self) -> object:
        kind, word, at = self._kind, self._word, self._at
        if kind == "number":
            self._next()
            return float(word)
        if kind == "text":
            self._next()
            return re.sub(r"\\(.)", r"\1", word[1:-1], flags=re.DOTALL)
        if kind == "word" and word in _VALUES:
            self._next()
            return _VALUES[word]
        self._fail("here a value should stand: a number, a text in quotes, true, false or null", at)

    def _pattern(self, get: Callable[[Record], Any], *, is_wanted: bool) -> Condition:
        """Within the quotes a backslash stands for itself, but for one in front of a quote."""
        word, at = self._word, self._at
        if self._kind != "text":
            self._fail('here a regular expression should stand, in quotes: "^/api"')
        import re2  # type: ignore[import-untyped]

        options = re2.Options()
        options.log_errors = False
        try:
            found = re2.compile(word[1:-1].replace(f"\\{word[0]}", word[0]), options)
        except re2.error as error:
            why = error.args[0] if error.args else error
            why = why.decode("utf-8", "replace") if isinstance(why, bytes) else why
            self._fail(f"this is no regular expression of RE2: {why}", at)
        self._next()
        return lambda record: (found.search(get(record) or "") is not None) is is_wanted


def _negated(inner: Condition) -> Condition:
    return lambda record: not inner(record)


def _getter(name: str) -> Callable[[Record], Any]:
    if name == "path":
        return lambda record: record["target"].partition("?")[0]
    return lambda record: record.get(name)


def _kind(value: object) -> str:
    return "flag" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"
