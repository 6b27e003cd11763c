"""Templates: gaps are filled and escaped, everything else stays."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from porch.observe.template import PLACEHOLDERS, STANDARD, Template

VALUES = {
    "status": "502",
    "title": "Bad Gateway",
    "reason": "connection_refused",
    "sentence": "Nothing listens.",
    "request": "GET example.com/x",
    "id": "5f1c2a3e-1b",
    "detail": "",
}


def test_gaps_are_filled():
    page = Template("<h1>{status} {title}</h1>{reason}|{sentence}|{request}|{detail}|{status}")
    assert page.fill(VALUES) == (
        b"<h1>502 Bad Gateway</h1>connection_refused|Nothing listens.|GET example.com/x||502"
    )


def test_other_braces_stay():
    text = "p { color: red } {} {{ {unknown} {Status} {status"
    assert Template(text).fill(VALUES) == text.encode()


def test_values_are_escaped():
    page = Template("<a title='{request}'>{request}</a>")
    filled = page.fill({**VALUES, "request": "<script>\"&'"})
    assert filled == (
        b"<a title='&lt;script&gt;&quot;&amp;&#x27;'>&lt;script&gt;&quot;&amp;&#x27;</a>"
    )


def test_what_looks_like_a_gap_in_a_value_is_none():
    assert Template("{request}").fill({**VALUES, "request": "{status}"}) == b"{status}"


def test_a_template_without_gaps_is_a_page():
    assert Template("gone fishing").fill(VALUES) == b"gone fishing"


@given(st.text())
def test_any_value_can_be_filled_in(value):
    filled = Template("{request}").fill({**VALUES, "request": value})
    assert b"<" not in filled
    assert b'"' not in filled


def test_a_template_serves_many_pages():
    page = Template("{status}")
    assert [page.fill({**VALUES, "status": each}) for each in ("404", "502")] == [b"404", b"502"]


class Reader(HTMLParser):
    """Collects text and everything a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.loaded: list[str] = []

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loaded += [f"{tag} {name}" for name, _ in attrs if name in ("src", "href")]
        if tag in ("script", "link", "img", "iframe"):
            self.loaded.append(tag)


def test_the_standard_page_has_every_gap_and_loads_nothing():
    marks = {name: f"<{name}>" for name in PLACEHOLDERS}
    page = STANDARD.fill(marks).decode()
    reader = Reader()
    reader.feed(page)
    text = "".join(reader.text)
    assert all(mark in text for mark in marks.values())
    assert reader.loaded == []
    assert "http" not in page
    assert "url(" not in page
    assert "@import" not in page


def test_the_standard_page_is_small_and_for_light_and_dark():
    page = STANDARD.fill(VALUES)
    assert len(page) < 2500
    assert b"prefers-color-scheme: dark" in page
    assert page.startswith(b"<!doctype html>\n<html lang=")
