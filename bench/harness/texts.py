"""Texts of the kinds that sites send, made from a seed, so that everybody has the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random

__all__ = ["KINDS", "text"]


def words(draw: Random) -> list[str]:
    """Of one language: common ones are short."""
    letters = "etaoinshrdlucmfwypvbgk"
    return ["".join(draw.choices(letters, k=draw.randint(1, 3 + n // 80))) for n in range(900)]


def sentence(draw: Random, known: list[str], count: int) -> str:
    """With the weights of a language."""
    return " ".join(known[int(len(known) * draw.random() ** 3)] for _ in range(count))


def article(draw: Random, known: list[str], number: int) -> dict[str, object]:
    """One of the records of a JSON API."""
    return {
        "id": number,
        "uuid": f"{draw.getrandbits(64):016x}",
        "title": sentence(draw, known, 4).title(),
        "text": sentence(draw, known, 18),
        "price": draw.randint(100, 99999) / 100,
        "tags": [draw.choice(known) for _ in range(3)],
        "available": draw.random() < 0.8,
        "changed": f"2026-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}T10:00:00Z",
    }


def as_json(draw: Random, known: list[str]) -> Iterator[str]:
    """A list of articles."""
    yield "["
    number = 0
    while True:
        number += 1
        yield json.dumps(article(draw, known, number)) + ", "


def as_html(draw: Random, known: list[str]) -> Iterator[str]:
    """A page of a shop."""
    yield "<!doctype html><html lang=en><head><meta charset=utf-8><title>Shop</title></head><body>"
    while True:
        kind = draw.choice(known)
        yield (
            f'<article class="card card--{kind}"><a href="/articles/{draw.randint(1, 9999)}">'
            f"<h2>{sentence(draw, known, 5)}</h2></a>\n  <p>{sentence(draw, known, 30)}.</p>\n"
            f'  <img src="/img/{draw.getrandbits(32):08x}.webp" alt="{kind}" loading="lazy">'
            "</article>\n"
        )


def as_css(draw: Random, known: list[str]) -> Iterator[str]:
    """Rules."""
    while True:
        name = "-".join(draw.choices(known, k=2))
        yield (
            f".{name}:hover, .{draw.choice(known)} > .{name} {{\n"
            f"  margin: {draw.randint(0, 40)}px auto;\n  color: #{draw.getrandbits(24):06x};\n"
            f"  transition: opacity {draw.random():.2f}s ease-in-out;\n  display: flex;\n}}\n"
        )


def as_js(draw: Random, known: list[str]) -> Iterator[str]:
    """A bundle that was minified."""
    while True:
        one, other = draw.choice(known), draw.choice(known)
        yield (
            f"function {one}{draw.randint(1, 999)}(e,t){{const n=t.{other}||{{}};"
            f'if(!n.{one})return e.dispatch({{type:"{one}/{other}",payload:n}});'
            f"for(let r=0;r<{draw.randint(2, 64)};r++)n.{other}[r]&&e.push(n.{other}[r].{one})}}"
        )


def as_svg(draw: Random, known: list[str]) -> Iterator[str]:
    """Paths."""
    yield '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 600">'
    while True:
        points = " ".join(f"L{draw.random() * 800:.1f},{draw.random() * 600:.1f}" for _ in range(8))
        kind = draw.choice(known)
        yield f'<path class="{kind}" fill="none" stroke-width="2" d="M0,0 {points}Z"/>\n'


def as_log(draw: Random, known: list[str]) -> Iterator[str]:
    """Lines of JSON."""
    second = 0.0
    while True:
        second += draw.random()
        hours, minutes = int(second) // 3600 % 24, int(second) // 60 % 60
        row = {
            "time": f"2026-03-01T{hours:02}:{minutes:02}:{second % 60:06.3f}Z",
            "level": draw.choice(["info", "info", "info", "warn"]),
            "path": f"/{draw.choice(known)}/{draw.randint(1, 9999)}",
            "status": draw.choice([200, 200, 200, 304, 404]),
            "ms": round(draw.expovariate(0.1), 2),
            "client": f"192.0.2.{draw.randint(1, 254)}",
        }
        yield json.dumps(row) + "\n"


KINDS: dict[str, Callable[[Random, list[str]], Iterator[str]]] = {
    "HTML": as_html,
    "JSON": as_json,
    "CSS": as_css,
    "JS": as_js,
    "SVG": as_svg,
    "log": as_log,
}


def text(kind: str, size: int) -> bytes:
    """So many bytes of a kind."""
    draw = Random(kind)
    pieces, length = [], 0
    for piece in KINDS[kind](draw, words(draw)):
        pieces.append(piece)
        length += len(piece)
        if length >= size:
            return "".join(pieces).encode()[:size]
    raise AssertionError("the pieces never end")
