"""Listing: what is in a folder, as a page. Made in small steps: a folder may be large, and others
are served meanwhile."""

import os
from collections.abc import Generator, Iterator, Sequence
from html import escape
from itertools import islice
from time import gmtime, strftime
from typing import NamedTuple
from urllib.parse import quote

from porch.http.message import Field
from porch.serve.named import can_be_asked
from porch.serve.validators import is_dated

__all__ = ["FIELDS", "MOST", "STEP", "listing"]

MOST = 10_000
"""Entries that are listed; of a folder with more, those that the system names first."""
STEP = 200
"""Entries that are looked at in one step, which takes about a millisecond."""

FIELDS: tuple[Field, ...] = (
    (b"content-type", b"text/html; charset=utf-8"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'"),
    (b"cache-control", b"no-cache"),
)
"""Names in a folder may be anybody's: nothing in the page is run, whatever they are."""

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width"><style>
body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 2rem; color-scheme: light dark }}
td {{ padding: 0 2rem 0 0 }} td:nth-child(2) {{ text-align: right }}
</style></head><body><h1>{title}</h1><table>
"""
_MORE = "<p>There are more than {count} entries; these are some of them.</p>\n"


class _Entry(NamedTuple):
    is_file: bool
    name: bytes
    size: int | None
    changed: float | None


def listing(
    folder: int, path: bytes, *, hidden: bool = False, is_root: bool = False
) -> Generator[None, None, bytes]:
    """The page, in steps. folder: a descriptor, which is closed at the end, also if the steps are.
    path: as it is shown. hidden: whether names that begin with a dot are listed.

    What is neither file, folder nor link is left out. Of links nothing is told but their names.
    Raises OSError.
    """
    try:
        with os.scandir(folder) as found:
            entries: list[_Entry] = []
            while len(entries) <= MOST and (some := list(islice(found, STEP))):
                entries += _looked_at(some, hidden=hidden)
                yield
    finally:
        os.close(folder)
    more = len(entries) > MOST
    del entries[MOST:]
    entries.sort()
    title = escape("Index of " + _shown(path))
    pieces = [_PAGE.format(title=title)]
    if not is_root:
        pieces.append('<tr><td><a href="../">../</a></td></tr>\n')
    for first in range(0, len(entries), STEP):
        pieces += _rows(entries[first : first + STEP])
        yield
    pieces.append("</table>\n")
    if more:
        pieces.append(_MORE.format(count=MOST))
    return "".join(pieces).encode() + b"</body></html>\n"


def _looked_at(found: "Sequence[os.DirEntry[str]]", *, hidden: bool) -> Iterator[_Entry]:
    for each in found:
        name = os.fsencode(each.name)
        if (name.startswith(b".") and not hidden) or not can_be_asked(name):
            continue
        if each.is_symlink():
            yield _Entry(True, name, None, None)
            continue
        is_file = each.is_file(follow_symlinks=False)
        if is_file or each.is_dir(follow_symlinks=False):
            try:
                stat = each.stat(follow_symlinks=False)
            except FileNotFoundError:  # gone meanwhile
                continue
            yield _Entry(is_file, name, stat.st_size if is_file else None, stat.st_mtime)


def _rows(entries: Sequence[_Entry]) -> Iterator[str]:
    for each in entries:
        slash = "" if each.is_file else "/"
        name = escape(_shown(each.name)) + slash
        size = "" if each.size is None else f"{each.size:,}"
        at = "" if each.changed is None else _date(each.changed)
        # "./" so that no name is a scheme: javascript:…
        link = f'<a href="./{quote(each.name)}{slash}">{name}</a>'
        yield f"<tr><td>{link}</td><td>{size}</td><td>{at}</td></tr>\n"


def _date(seconds: float) -> str:
    """Empty for what calendars do not have: file systems take any number."""
    return strftime("%Y-%m-%d %H:%M", gmtime(seconds)) if is_dated(seconds) else ""


def _shown(name: bytes) -> str:
    text = name.decode("utf-8", "backslashreplace")
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
