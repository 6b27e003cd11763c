"""The key locator, against tomllib and against a writer that knows where it wrote."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.config.locate import KeyPath, Place, locate, repeated

BARE = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
ESCAPES = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"'}


def test_the_places_of_a_small_file():
    text = (
        "# a comment\n"
        'listen = [":80", ":443"]  # another ] }\n'
        "[routes]\n"
        '"example.com/api/*" = { to = ["a:1", { to = "b:2", weight = 2 }], strip = true }\n'
        "  timeouts.idle = '5s'\n"
        '[[routes."x/*"]]\n'
        'to = """\n[no] = header\n"""\n'
        '[[ routes . "x/*" ]]\n'
        "[routes.'x/*'.when]\n"
        "method = 'GET'\n"
    )
    places = locate(text)
    assert places == {
        ("listen",): (2, 1),
        ("listen", 0): (2, 11),
        ("listen", 1): (2, 18),
        ("routes",): (3, 1),
        ("routes", "example.com/api/*"): (4, 1),
        ("routes", "example.com/api/*", "to"): (4, 25),
        ("routes", "example.com/api/*", "to", 0): (4, 31),
        ("routes", "example.com/api/*", "to", 1): (4, 38),
        ("routes", "example.com/api/*", "to", 1, "to"): (4, 40),
        ("routes", "example.com/api/*", "to", 1, "weight"): (4, 52),
        ("routes", "example.com/api/*", "strip"): (4, 67),
        ("routes", "timeouts"): (5, 3),
        ("routes", "timeouts", "idle"): (5, 3),
        ("routes", "x/*"): (6, 1),
        ("routes", "x/*", 0): (6, 1),
        ("routes", "x/*", 0, "to"): (7, 1),
        ("routes", "x/*", 1): (10, 1),
        ("routes", "x/*", 1, "when"): (11, 1),
        ("routes", "x/*", 1, "when", "method"): (12, 1),
    }
    assert places.repeats == {("routes", "x/*")}


@pytest.mark.parametrize(
    "value",
    [
        '"a # b"',
        "'it''",
        '"\\""',
        '"\\\\"',
        '""',
        "''",
        '"""a"b""c\\""""',
        '"""a"""""',
        "'''a'b''c'''",
        "'''a'''''",
        '"""\\\n   x"""',
        "1979-05-27T07:32:00Z",
        "1979-05-27 07:32:00",
        "-1_000.5e-3",
        "[ # ]\n 1, [2], # [\n ]",
        "{ a = '}', b = [\"]\"], c = { d = 1 } }",
    ],
)
def test_the_key_behind_any_value_is_found(value):
    text = f"x = {value}\nnext = 1\n" if value != "'it''" else "x = 'it'\nnext = 1\n"
    tomllib.loads(text)
    line = text[: text.index("next")].count("\n") + 1
    assert locate(text)["next",] == (line, 1)


def test_line_ends_of_windows_count_once():
    assert locate('a = 1\r\nb = """x\r\ny"""\r\nc = 2\r\n')["c",] == (4, 1)


def test_escapes_in_a_key_are_read():
    assert set(locate('"a\\u00e9\\t\\"\\\\" = 1')) == {('aé\t"\\',)}


def test_an_empty_text_has_no_places():
    assert locate("") == {}
    assert locate("# nothing\n\n") == {}


@pytest.mark.parametrize(
    ("text", "path", "first", "second"),
    [
        ('[routes]\n"a" = 1\n"a" = 2\n', ("routes", "a"), (2, 1), (3, 1)),
        ("[routes]\na = 1\n[routes]\n", ("routes",), (1, 1), (3, 1)),
        ('[routes]\n"a" = 1\n[routes."a"]\n', ("routes", "a"), (2, 1), (3, 1)),
        ("x = { a = 1, a = 2", ("x", "a"), (1, 7), (1, 14)),
    ],
)
def test_a_name_given_twice_is_found_with_both_places(text, path, first, second):
    assert repeated(text, len(text)) == (path, first, second)


@pytest.mark.parametrize("text", ["a = 1\nb = 2\n", 'x = """never closed', "x = [1, ", "x", ""])
def test_no_name_given_twice_is_none(text):
    assert repeated(text, len(text)) is None


# --- against a writer that knows where it wrote ------------------------------------------------


class Writer:
    """Writes data as TOML in all of its styles and notes where each path went."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.text = ""
        self.places: dict[KeyPath, Place] = {}
        self.end = draw(st.sampled_from(["\n", "\r\n"]))

    def pick(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def here(self) -> Place:
        line = self.text.count("\n") + 1
        return line, len(self.text) - (self.text.rfind("\n") + 1) + 1

    def note(self, path: KeyPath, place: Place) -> None:
        self.places.setdefault(path, place)

    def blank(self) -> None:
        self.text += self.pick("", " ", "\t ")

    def gap(self) -> None:
        """White space with line ends and comments, where an array allows them."""
        self.text += self.pick("", " ", self.end, f' # ], """ \' é{self.end}  ')

    def line_end(self) -> None:
        self.text += self.pick("", " # [no] = 'x", "\t#") + self.end
        self.text += self.pick("", "", self.end, f"  # more{self.end}")

    def document(self, table: dict[str, Any]) -> None:
        if self.pick(True, False):
            self.line_end()
        self.table((), [], table)

    def table(self, path: KeyPath, header: list[str], table: dict[str, Any]) -> None:
        """header: the keys of the header as written. Pairs first, as TOML wants it."""
        later: list[tuple[str, Any]] = []
        for key, value in table.items():
            tables = isinstance(value, list) and value and all(isinstance(e, dict) for e in value)
            if (isinstance(value, dict) or tables) and self.pick(True, False):
                later.append((key, value))
            else:
                self.text += self.pick("", "  ")
                self.pair(path, key, value)
                self.line_end()
        for key, value in later:
            written = [*header, self.key(key)]
            if isinstance(value, dict):
                self.header("[", written, "]", path, key)
                self.table((*path, key), written, value)
                continue
            for number, each in enumerate(value):
                place = self.header("[[", written, "]]", path, key)
                self.note((*path, key, number), place)
                self.table((*path, key, number), written, each)

    def header(self, start: str, keys: list[str], end: str, path: KeyPath, key: str) -> Place:
        self.text += self.pick("", "  ")
        place = self.here()
        self.text += start
        for number, each in enumerate(keys):
            self.text += "." * (number > 0)
            self.blank()
            self.text += each
            self.blank()
        self.text += end
        self.note((*path, key), place)
        self.line_end()
        return place

    def pair(self, path: KeyPath, key: str, value: Any) -> None:
        place = self.here()
        path = (*path, key)
        self.note(path, place)
        self.text += self.key(key)
        while isinstance(value, dict) and len(value) == 1 and self.pick(True, False):
            key, value = next(iter(value.items()))
            path = (*path, key)
            self.note(path, place)
            self.blank()
            self.text += "."
            self.blank()
            self.text += self.key(key)
        self.blank()
        self.text += "="
        self.blank()
        self.value(path, value)

    def key(self, key: str) -> str:
        styles = [f'"{escaped(key)}"']
        if key and all(each in BARE for each in key):
            styles.append(key)
        if "'" not in key and all(each.isprintable() for each in key):
            styles.append(f"'{key}'")
        return str(self.pick(*styles))

    def value(self, path: KeyPath, value: Any) -> None:
        if isinstance(value, dict):
            self.text += "{"
            for number, (key, each) in enumerate(value.items()):
                self.text += "," * (number > 0)
                self.blank()
                self.pair(path, key, each)
                self.blank()
            self.text += "}"
        elif isinstance(value, list):
            self.text += "["
            for number, each in enumerate(value):
                self.gap()
                self.note((*path, number), self.here())
                self.value((*path, number), each)
                self.gap()
                self.text += "," if number < len(value) - 1 else self.pick("", ",")
            self.gap()
            self.text += "]"
        elif isinstance(value, str):
            self.text += self.string(value)
        else:
            self.text += {True: "true", False: "false"}.get(value, str(value))

    def string(self, value: str) -> str:
        styles = [f'"{escaped(value)}"', f'"""{self.end}{escaped(value)}"""']
        lines = escaped(value).replace('\\"', '"').replace("\\n", self.end)
        if '"""' not in lines and not lines.endswith('"'):
            styles += [f'"""{lines}"""', f'"""{lines}\\"""""']
        if all(each.isprintable() for each in value):
            styles += [f"'{value}'"] if "'" not in value else []
            styles += [f"'''{value}{quotes}'''" for quotes in ("", "'", "''") if "'" not in value]
        return str(self.pick(*styles))


def escaped(text: str) -> str:
    return "".join(
        ESCAPES.get(each) or (each if each.isprintable() else f"\\U{ord(each):08x}")
        for each in text.replace("\\", "\\\\")
    )


def paths(value: Any, path: KeyPath = ()) -> set[KeyPath]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found: set[KeyPath] = set()
    for step, each in inner:
        found.add((*path, step))
        if isinstance(each, dict | list):
            found |= paths(each, (*path, step))
    return found


TEXT = st.text(st.sampled_from("ab.#=[]{},'\" \t\n\\é→") | st.characters(codec="utf-8"), max_size=6)
SCALARS = st.booleans() | st.integers(-99, 99) | TEXT
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(st.data(), st.dictionaries(TEXT, VALUES, max_size=4))
def test_every_path_is_found_where_it_was_written(data, table):
    writer = Writer(data.draw)
    writer.document(table)
    read = tomllib.loads(writer.text)
    assert paths(read) == set(writer.places)
    assert locate(writer.text) == writer.places
