"""`porch cache`: what is kept, how often that was of use, and why it was not."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from porch.cache.refusal import REFUSALS
from porch.cli.ask import show_answer

__all__ = ["lines", "show_cache"]

FORWARDED: Mapping[str, str] = {
    "uri-miss": "Nothing was kept under its key.",
    "vary-miss": "What was kept is for other request fields (Vary).",
    "miss": "Nothing was kept that fits.",
    "stale": "What was kept was no longer fresh.",
    "request": "The client asked for a fresh one; with `respect_client = false` it is not heard.",
    "bypass": "The word `bypass` says so, or it is an upgrade, or has a body.",
    "method": "Its method is none that is answered from the store.",
    "partial": "Only other parts of it were kept.",
}
NOT_KEPT: Mapping[str, str] = {each.word: each.sentence for each in REFUSALS} | {
    "no-room": "There was no room; see cache_store.size, and the disk.",
    "cut": "It broke off.",
    "purged": "It was purged, or changed by a POST or the like, while it was on its way.",
    "passed": "The last one of its key could not be kept, less than a minute before.",
    "other": "For another reason.",
}
_UNITS = ("B", "KB", "MB", "GB", "TB")


def show_cache(config: Path, *, as_json: bool) -> int:
    """Ask and print. Returns 0, or 1 with the reason."""
    return show_answer(config, "cache", lines, as_json=as_json)


def lines(cache: Mapping[str, Any]) -> Iterator[str]:
    """The answer of the door as text."""
    if cache["ratio"] is None:
        yield "no request of a route with 'cache' yet"
    else:
        yield (
            f"{cache['ratio']:.1%} of {cache['requests']:,} requests were answered from the store: "
            f"{cache['hits']:,} fresh, {cache['stale']:,} stale"
        )
        if cache["byte_ratio"] is not None:
            size = _size(cache["from_store"] + cache["from_origin"])
            yield f"{cache['byte_ratio']:.1%} of {size} of bodies came from it"
        if cache["collapsed"]:
            yield f"{cache['collapsed']:,} waited for the same request of somebody else"
        if cache["validated"]:
            yield f"{cache['validated']:,} were still good, as the origin said (304)"
        yield f"{cache['kept']:,} answers were kept"
    yield from _store(cache)
    yield from _reasons("asked of the origin", cache["forwarded"], FORWARDED)
    yield from _reasons("not kept", cache["not_kept"], NOT_KEPT)
    if cache["top"]:
        yield ""
        rows = [[f"{each['served']:,}", _plain(each["url"])] for each in cache["top"]]
        yield from _columns(["served of late", "url"], rows)


def _plain(url: str) -> str:
    """It came from a client: what is in it must not steer a terminal."""
    return "".join(each if " " <= each <= "~" else f"\\x{ord(each):02x}" for each in url)


def _store(cache: Mapping[str, Any]) -> Iterator[str]:
    where = f"in {cache['folder']}" if cache["folder"] else "in memory, of all workers together"
    store = cache["store"]
    yield ""
    if cache["trouble"]:
        yield f"trouble: {cache['trouble']}"
    if store is None:
        return
    yield f"{_size(store['size'])} of {_size(store['max_size'])} {where}"
    growing = f", {store['growing']:,} on their way" if store["growing"] else ""
    yield f"{store['objects']:,} answers, {store['files']:,} of them in files{growing}"
    yield f"{store['evicted']:,} went for room, {store['expired']:,} were over"
    for word, text in (
        ("damaged", "were found damaged, and removed"),
        ("refused", "found no room; see the disk"),
        ("purges", "purges are still looked at"),
    ):
        if store[word]:
            yield f"{store[word]:,} {text}"


def _reasons(title: str, counts: Mapping[str, int], texts: Mapping[str, str]) -> Iterator[str]:
    if counts:
        yield ""
        rows = [[f"{count:,}", f"{word}: {texts.get(word, '')}"] for word, count in counts.items()]
        yield from _columns([title, "why"], rows)


def _columns(head: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    width = max(len(row[0]) for row in cells)
    for first, second in cells:
        yield f"{first.ljust(width)}  {second}"


def _size(size: int) -> str:
    """Bytes in the largest unit that they fill, one digit behind the point."""
    number, power = float(size), 0
    while number >= 1024 and power < len(_UNITS) - 1:
        number /= 1024
        power += 1
    return f"{number:.1f} {_UNITS[power]}" if power else f"{size} B"
