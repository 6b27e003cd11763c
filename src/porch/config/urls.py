"""URLs, as words of the configuration."""

import ipaddress
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from porch.config.model import Unrepeated
from porch.config.words import Form

__all__ = ["Url", "is_near"]


def _url(value: str) -> str:
    try:
        url = urlsplit(value)
        is_whole = bool(url.hostname) and url.port != 0 and not (url.fragment or url.username)
    except ValueError:
        is_whole = False
    is_plain = value.isascii() and value.isprintable() and " " not in value
    if not is_whole or url.scheme not in ("http", "https") or not is_plain:
        kind = Unrepeated if {"@", "?", "#"} & {*value} else ValueError
        raise kind('it is no URL, such as "http://127.0.0.1:9000/check", without a user')
    return value


Url = Annotated[str, AfterValidator(_url), Form('a URL, such as "https://a.test/jwks.json"')]


def is_near(url: str) -> bool:
    """Whether nobody is between: it leads to this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
