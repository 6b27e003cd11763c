"""What a purge names, in the words of operators: a URL, all that begin so, a host, a tag."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from porch.cache.store import Scope
from porch.route.host import parse_host

__all__ = ["EVERYTHING", "Named", "host_named", "named_in", "tag_named", "urls_named"]

SCHEMES = ("http", "https")
_PORTS = {"http": 80, "https": 443}
_TARGET = re.compile(r"/[!-~]*\Z")
_TAG = re.compile(r"[!-~]+\Z")


class Named(NamedTuple):
    """See cache/store.py. value: as the store compares it."""

    scope: Scope
    value: bytes


EVERYTHING = Named("all", b"")


def urls_named(text: str) -> list[Named]:
    """A URL, or all that begin as what stands before a `*` at the end. Without a scheme both are
    meant. Raises ValueError with a sentence."""
    is_prefix = text.endswith("*")
    plain = text.removesuffix("*")
    scheme, there, rest = plain.partition("://")
    if not there:
        scheme, rest = "", plain
    elif scheme.lower() not in SCHEMES:
        raise ValueError(f"'{text}' is not a URL of http or https")
    authority, slash, target = rest.partition("/")
    if not authority or (is_prefix and not slash):
        raise ValueError(f"'{text}' is not a URL; write https://example.com/{'*' * is_prefix}")
    target = "/" + target.partition("#")[0]
    if _TARGET.match(target) is None:
        raise ValueError(f"'{target}' is no path; write it encoded, as clients send it: %20")
    scope: Scope = "prefix" if is_prefix else "url"
    schemes: Iterable[str] = (scheme.lower(),) if scheme else SCHEMES
    return [
        Named(scope, each.encode() + b"://" + _authority(authority, each) + target.encode())
        for each in schemes
    ]


def _authority(text: str, scheme: str) -> bytes:
    """In lower case, without the port that the scheme has."""
    try:
        found = urlsplit(f"//{text}")
        port = found.port
    except ValueError as error:
        raise ValueError(f"'{text}' is not a host and its port") from error
    host = host_named(text.removesuffix(f":{port}") if port is not None else text.rstrip(":"))
    return host.value if port in (None, _PORTS[scheme]) else b"%b:%d" % (host.value, port)


def host_named(text: str) -> Named:
    """All of a host, of either scheme and of every port. Raises ValueError with a sentence."""
    if "*" in text:
        raise ValueError(f"'{text}': one host is purged at a time; name it without a *")
    return Named("host", parse_host(text))


def tag_named(text: str) -> Named:
    """All that carry this tag. Raises ValueError with a sentence."""
    if _TAG.match(text) is None or "," in text:
        raise ValueError(f"'{text}' is no tag: it has no space, no comma, and is plain ASCII")
    return Named("tag", text.encode())


def named_in(words: Mapping[str, object]) -> list[Named]:
    """What the words of a purge name: "urls", "hosts", "tags", each a list of texts, "all" true.
    Raises ValueError with a sentence, for nothing too."""
    named = [each for text in _texts(words, "urls") for each in urls_named(text)]
    named += [host_named(text) for text in _texts(words, "hosts")]
    named += [tag_named(text) for text in _texts(words, "tags")]
    if words.get("all") is True:
        named.append(EVERYTHING)
    if not named:
        raise ValueError("nothing is named; say a URL, --host, --tag or --all")
    return named


def _texts(words: Mapping[str, object], word: str) -> Sequence[str]:
    value = words.get(word, [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError(f"'{word}' is a list of texts")
    return value
