"""Lists of networks as they are written: in words of a list, and in files, a line each.

Kinds of words: an address or network, `private`, `unix`, `file:path`, the name of a CDN, whose
networks stand in a file beside the configuration, and, where a file knows them, `country:DE` and
`asn:64496`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from porch.config.loaded import Loaded
from porch.config.suggest import nearest
from porch.shield.network import Network, parse_network

__all__ = ["CDNS", "PRIVATE", "Word", "cdn_file", "file_of", "lines_of", "parse_word"]

PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "127.0.0.0/8", "::1/128")
"""What `private` stands for: RFC 1918, RFC 4193, and this machine."""

CDNS = {
    "cloudflare": (
        "https://www.cloudflare.com/ips-v4",
        "https://www.cloudflare.com/ips-v6",
    ),
    "cloudfront": ("https://d7uri8nf7uskq3.cloudfront.net/tools/list-cloudfront-ips",),
    "fastly": ("https://api.fastly.com/public-ip-list",),
}
"""CDNs that publish their networks, and where. Nothing is fetched but by `porch networks`."""

_COUNTRY = re.compile(r"[A-Za-z]{2}\Z")
_OPERATOR = re.compile(r"(?:AS)?([0-9]{1,10})\Z", re.IGNORECASE)
_COMMENT = re.compile(r"[#;]")

Kind = Literal["network", "unix", "file", "country", "asn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One of a list. networks: of a network. value: the path of a file, a country's letters or an
    operator's number. cdn: whose file it is, or ""."""

    text: str
    kind: Kind
    networks: tuple[Network, ...] = ()
    value: str = ""
    cdn: str = ""


def parse_word(text: str) -> Word:
    """What one word of a list means. Raises ValueError with a sentence."""
    if text == "unix":
        return Word(text=text, kind="unix")
    if text == "private":
        return Word(text=text, kind="network", networks=tuple(map(parse_network, PRIVATE)))
    if text in CDNS:
        return Word(text=text, kind="file", value=cdn_file(text), cdn=text)
    if text.startswith("file:"):
        path = text.removeprefix("file:")
        if not path or "\0" in path:
            raise ValueError('file: names a file with a network a line: "file:blocked.txt"')
        return Word(text=text, kind="file", value=path)
    if text.startswith("country:"):
        code = text.removeprefix("country:").upper()
        if _COUNTRY.match(code) is None:
            raise ValueError(f"'{text}' is no country: it has two letters (ISO 3166), country:DE")
        return Word(text=text, kind="country", value=code)
    if text.startswith("asn:"):
        match = _OPERATOR.match(text.removeprefix("asn:"))
        if match is None or not 0 < int(match[1]) < 1 << 32:
            raise ValueError(f"'{text}' is no number of an operator, such as asn:64496")
        return Word(text=text, kind="asn", value=str(int(match[1])))
    try:
        return Word(text=text, kind="network", networks=(parse_network(text),))
    except ValueError:
        near = nearest(text, [*CDNS, "private", "unix"])
        if near:
            raise ValueError(f"'{text}' is nobody; did you mean '{near}'?") from None
        raise


def cdn_file(name: str) -> str:
    """Where the networks of a CDN are kept, beside the configuration."""
    return f"networks/{name}.txt"


def file_of(loaded: Loaded, word: Word) -> Path:
    """The file of a word of that kind."""
    return loaded.base / word.value


def lines_of(content: bytes) -> Iterator[tuple[int, str]]:
    """The number and text of each line with a network; behind # and ; stands what is not read."""
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
        text = _COMMENT.split(line, 1)[0].strip() if "#" in line or ";" in line else line.strip()
        if text:
            yield number, text
