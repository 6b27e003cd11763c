"""What the page is made of."""

import re
from types import SimpleNamespace
from typing import Any

from porch.manage.page.files import load
from tests.support.ended import ended

SINKS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc"
    r"|setAttribute\(\"(?:style|on)|javascript:|localStorage|sessionStorage"
)
ELSEWHERE = re.compile(r"(?:https?:)?//[a-z]", re.IGNORECASE)


def asked(**fields: str) -> Any:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in fields.items()]
    return SimpleNamespace(request=ended(b"/", fields=pairs).request)


def texts() -> dict[str, str]:
    return {name: file.body.decode() for name, file in load().items()}


def test_all_of_it_is_there_each_with_its_kind() -> None:
    found = load()
    assert {"index.html", "page.css", "page.js", "mark.svg"} <= set(found)
    assert found["page.js"].kind == b"text/javascript; charset=utf-8"
    answer = found["page.css"].answer(asked())
    assert (answer.status, answer.body) == (200, found["page.css"].body)
    assert (b"etag", found["page.css"].tag) in answer.fields


def test_who_has_it_is_not_sent_it_again() -> None:
    file = load()["page.js"]
    answer = file.answer(asked(if_none_match=file.tag.decode()))
    assert (answer.status, answer.body) == (304, b"")


def test_every_file_that_a_file_names_is_there() -> None:
    found = texts()
    names = re.findall(r'(?:src|href)="/([^"]+)"', found["index.html"])
    for name, text in found.items():
        if name.endswith(".js"):
            names += re.findall(r'from "\./([^"]+)"', text)
    assert {"page.js", "page.css", "dom.js", "stream.js"} <= set(names)
    assert [name for name in names if name not in found] == []
    assert [name for name in found if name != "index.html" and name not in names] == []


def test_no_text_ever_becomes_html_and_nothing_is_asked_elsewhere() -> None:
    for name, text in texts().items():
        assert SINKS.search(text) is None, name
        urls = [each for each in ELSEWHERE.findall(text) if each]
        allowed = text.count("http://www.w3.org/") + text.count("https://a/x/*")
        allowed += text.count("https://example.com/api/users")
        comments = len(re.findall(r"^\s*// [a-z]", text, re.MULTILINE))
        assert len(urls) <= allowed + comments, name


def test_the_document_has_neither_script_nor_style_of_its_own() -> None:
    text = texts()["index.html"]
    assert re.findall(r"<script[^>]*>([^<]+)", text) == []
    assert "<style" not in text
    assert re.search(r"\son\w+=|\sstyle=", text) is None
