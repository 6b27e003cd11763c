"""Kinds of words: what may be written for one, and what it is read as.

A reader takes whatever TOML gives; what it does not know it passes on, so that the type is refused
in the usual words. The tables themselves are in schema.py.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from porch.config.units import parse_duration, parse_share, parse_size

__all__ = [
    "Bound",
    "Duration",
    "FieldChange",
    "Form",
    "OwnName",
    "Share",
    "Silence",
    "Size",
    "SizeText",
    "Strings",
    "Upgrade",
    "Wanted",
    "check_dns",
    "dns_settings",
    "one_or_more",
    "read_acme",
    "read_ask",
    "read_dns",
    "read_headers",
    "read_hsts",
]

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_PROTOCOL = re.compile(rf"{_TOKEN}(?:/{_TOKEN})?\Z")
"""RFC 9110 7.8."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a word can be, as the end of "it must be ...": what the operator is told."""

    text: str


def _positive(value: float) -> float:
    if value <= 0:
        raise ValueError("it must be more than nothing; for no bound in practice write a high one")
    return value


DurationText = Annotated[
    str, Field(pattern=r"^\d+(\.\d+)? ?(ms|s|m|h|d|w|y)$", examples=["500ms", "90s", "1h"])
]
SizeText = Annotated[
    str, Field(pattern=r"^\d+(\.\d+)? ?([Bb]|[KkMmGgTt]i?[Bb])$", examples=["64KB", "10MB"])
]
ShareText = Annotated[str, Field(pattern=r"^\d+(\.\d+)? ?%$", examples=["5%", "0.5%"])]
DURATION_FORM = Form('a duration, such as "90s"')
SIZE_FORM = Form('a size, such as "64MB"')
SHARE_FORM = Form('a share, such as "5%"')

Duration = Annotated[
    float, BeforeValidator(parse_duration, json_schema_input_type=DurationText), DURATION_FORM
]
Silence = Annotated[Duration, AfterValidator(_positive), DURATION_FORM]
Size = Annotated[int, BeforeValidator(parse_size, json_schema_input_type=SizeText), SIZE_FORM]
Share = Annotated[float, BeforeValidator(parse_share, json_schema_input_type=ShareText), SHARE_FORM]
Bound = Annotated[Size, AfterValidator(_positive), SIZE_FORM]


def one_or_more(value: object) -> object:
    """One of something as a list of one."""
    return [value] if isinstance(value, str | dict) else value


Strings = Annotated[
    list[str],
    BeforeValidator(one_or_more, json_schema_input_type=str | list[str]),
    Form("a text or a list of texts"),
]


def _printable(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"[!-~]+(?: [!-~]+)*", value) is None:
        raise ValueError('it goes into a field, so that it is plain ASCII, such as "porch"')
    return value


OwnName = Annotated[
    bool | str, AfterValidator(_printable), Form('a name in quotes, true for "porch", or false')
]
FieldChange = Annotated[str | list[str] | Literal[False], Form("a text, a list of texts, or false")]
Wanted = Annotated[str | bool, Form("a text, true (present) or false (absent)")]


def _upgrade(value: object) -> object:
    if isinstance(value, bool):
        return ["websocket"] if value else []
    return one_or_more(value)


def _protocols(value: list[str]) -> list[str]:
    for each in value:
        if re.match(r"h[23]c?\Z", each, re.IGNORECASE):
            raise ValueError(
                f"{each} is never switched to: its requests would pass unseen by every rule"
            )
        if _PROTOCOL.match(each) is None:
            raise ValueError(f"'{each}' is not the name of a protocol, such as \"websocket\"")
    return value


UpgradeText = bool | str | list[str]
Upgrade = Annotated[
    list[str],
    BeforeValidator(_upgrade, json_schema_input_type=UpgradeText),
    AfterValidator(_protocols),
    Form('a list of protocols, such as ["websocket"], or false'),
]


def read_headers(value: object) -> object:
    """Either short form as the table of both directions."""
    if value == "secure":
        return {"secure": True}
    if isinstance(value, str):
        raise ValueError('the only set of fields with a name is "secure"')
    if isinstance(value, dict) and not value.keys() & {"request", "response"}:
        secure = {"secure": value["secure"]} if isinstance(value.get("secure"), bool) else {}
        flat = {name: each for name, each in value.items() if name not in secure}
        return {"response": flat} | secure
    return value


def read_hsts(value: object) -> object:
    """A duration as the table."""
    return {"max_age": value} if isinstance(value, str) else value


def read_dns(value: object) -> object:
    """A name as the table."""
    if isinstance(value, dict) and "provider" not in value:
        raise ValueError('it needs a provider, such as provider = "rfc2136"')
    return {"provider": value} if isinstance(value, str) else value


DNS_WORDS = ("provider", "resolvers", "resolver_port")
"""Words of the table `dns` that are the door's own."""


def dns_settings(words: Mapping[str, str]) -> dict[str, str]:
    """The others, which are the provider's."""
    return {word: value for word, value in words.items() if word not in DNS_WORDS}


def check_dns(words: dict[str, str]) -> dict[str, str]:
    """The same, if the door's own words can be. Raises ValueError with a sentence."""
    name = words["provider"]
    parts = name.split(":")
    if not name or (parts[0] == "py" and not (len(parts) == 3 and all(parts))):
        raise ValueError(f"provider = '{name}' is nobody; write rfc2136, or py:module:object")
    if name == "persist" and len(words) > 1:
        more = ", ".join(word for word in words if word != "provider")
        raise ValueError(f"who keeps the record by hand (persist) needs no {more}; take it out")
    port = words.get("resolver_port", "53")
    if not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError(f"resolver_port is '{port}'; it must be a port, such as \"53\"")
    resolvers = words.get("resolvers", "")
    for each in resolvers.split(",") if resolvers not in ("", "none") else ():
        try:
            ipaddress.ip_address(each.strip())
        except ValueError:
            text = f"'{each.strip()}' in resolvers is no address; write 192.0.2.53, or none"
            raise ValueError(text) from None
    return words


def read_ask(value: object) -> object:
    """A function of the operator's own, or a URL."""
    if not isinstance(value, str):
        return value
    if value.startswith("py:"):
        parts = value.split(":")
        if len(parts) == 3 and all(parts):
            return value
    else:
        try:
            url = urlsplit(value)
            is_whole = bool(url.hostname) and url.port != 0 and not (url.fragment or url.username)
        except ValueError:
            is_whole = False
        if is_whole and url.scheme in ("http", "https") and value.isascii() and " " not in value:
            return value
    raise ValueError(
        f"'{value}' cannot be asked; write \"py:module:function\", or a URL such as"
        ' "http://127.0.0.1:9000/ask"'
    )


def read_acme(value: object) -> object:
    """`false` as nobody."""
    return None if value is False else value
