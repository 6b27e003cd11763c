"""`porch networks NAME`: the networks of a CDN into the file that `trust` and `allow` read.

The only thing in Porch that fetches such a list, and only when somebody says so: whom a door
believes is not to change by itself.
"""

import ipaddress
import json
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from porch.config.networks import CDNS, PRIVATE, cdn_file, lines_of

__all__ = ["update_networks"]

PATIENCE = 20.0
"""Seconds without a byte."""
LARGEST = 4_000_000
"""Bytes of a list."""
_WIDEST = {4: 8, 6: 16}
"""Bits that the prefix of a network has at least: nobody's own is wider."""
_MOST = 10_000


def update_networks(config: Path, name: str, places: Sequence[str]) -> int:
    """Write the file, beside the configuration. places: files or URLs in place of those that the
    CDN publishes. Returns 0; 1 with the reason on stderr, and the file is as it was."""
    if name not in CDNS and not (places and name.replace("-", "").isalnum()):
        known = ", ".join(CDNS)
        print(
            f"porch: '{name}' is no CDN known by name ({known}); --from FILE|URL", file=sys.stderr
        )
        return 1
    file = config.parent / cdn_file(name)
    try:
        found = _checked(each for place in places or CDNS[name] for each in _networks(_read(place)))
        before = {text for _, text in lines_of(file.read_bytes())} if file.exists() else set()
        _write(file, found, places or CDNS[name])
    except (OSError, ValueError) as error:
        print(f"porch: {error}; {file} is as it was", file=sys.stderr)
        return 1
    texts = {str(each) for each in found}
    news = f"{len(texts - before)} new, {len(before - texts)} gone"
    print(f"{file}: {len(found)} networks, {news}; a running door reads it within 2 s")
    return 0


def _read(place: str) -> bytes:
    """What a file or a URL holds. Raises OSError, and ValueError with a sentence."""
    if "://" not in place:
        return Path(place).read_bytes()
    url = urlsplit(place)
    if url.scheme != "https" and not (url.scheme == "http" and _is_here(url.hostname or "")):
        raise ValueError(f"{place}: who is believed is asked for by https:// alone")
    request = urllib.request.Request(place, headers={"User-Agent": "porch"})
    opener = urllib.request.build_opener(_OnlySecure)
    try:
        with opener.open(request, timeout=PATIENCE) as answer:
            content: bytes = answer.read(LARGEST + 1)
    except OSError as error:  # URLError among them
        raise ValueError(f"{place}: {getattr(error, 'reason', None) or error}") from error
    if len(content) > LARGEST:
        raise ValueError(f"{place}: more than {LARGEST} bytes, which is no such list")
    return content


class _OnlySecure(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        """See HTTPRedirectHandler."""
        if not newurl.startswith("https://"):
            raise ValueError(f"{newurl}: who is believed is asked for by https:// alone")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _is_here(host: str) -> bool:
    return host == "localhost" or host.startswith("127.") or host == "::1"


def _networks(content: bytes) -> Iterator[str]:
    """The networks of a list, a line each, or of a JSON document, wherever they stand in it."""
    if content.lstrip()[:1] in (b"{", b"["):
        yield from _in_json(json.loads(content))
        return
    for _, text in lines_of(content):
        yield text


def _in_json(node: Any) -> Iterator[str]:
    if isinstance(node, dict | list):
        for each in node.values() if isinstance(node, dict) else node:
            yield from _in_json(each)
    elif isinstance(node, str) and "/" in node:
        try:
            ipaddress.ip_network(node)
        except ValueError:
            return  # a URL, a date
        yield node


def _checked(texts: Iterator[str]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """The networks in order. Raises ValueError with a sentence if this is nobody's list."""
    found = {ipaddress.ip_network(text) for text in texts}
    if not found:
        raise ValueError("there is no network in it")
    if len(found) > _MOST:
        raise ValueError(f"it has {len(found)} networks, which is nobody's list of his own")
    private = [ipaddress.ip_network(each) for each in PRIVATE]
    for each in found:
        if each.prefixlen < _WIDEST[each.version]:
            raise ValueError(f"{each} is wider than any CDN")
        if any(each.version == own.version and each.overlaps(own) for own in private):
            raise ValueError(f"{each} is no network of the public internet")
    return sorted(found, key=lambda each: (each.version, each))


def _write(file: Path, found: Sequence[object], places: Sequence[str]) -> None:
    """All or nothing: a door may be reading."""
    head = f"# by: porch networks {file.stem}, from {', '.join(places)}\n"
    file.parent.mkdir(exist_ok=True)
    new = file.with_suffix(".new")
    new.write_text(head + "".join(f"{each}\n" for each in found), encoding="utf-8")
    new.replace(file)
