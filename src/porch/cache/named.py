"""What a purge names, in the words of operators: a URL, all that begin so, a host, a tag."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from porch.cache.key import url
from porch.cache.store import Scope
from porch.cache.tags import LONGEST
from porch.http.message import RequestHead
from porch.route.host import parse_host

__all__ = ["EVERYTHING", "Named", "host_named", "named_in", "tag_named", "urls_named"]

SCHEMES = ("http", "https")
_AUTHORITY = re.compile(r"(\[[^\]]*\]|[^:]*)(?::([0-9]{1,5}))?\Z", re.ASCII)
_TARGET = re.compile(r"/[!-~]*\Z")
_TAG = re.compile(r"[^\x00- ,\x7f]+\Z")


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
    sent = target.encode(), _authority(authority)
    heads = (RequestHead(b"GET", *sent, each.encode(), []) for each in schemes)
    return [Named(scope, url(head)) for head in heads]


def _authority(text: str) -> bytes:
    """As a client sends it."""
    match = _AUTHORITY.match(text)
    if match is None or int(match[2] or 1) not in range(1, 65536):
        raise ValueError(f"'{text}' is not a host and its port")
    return host_named(match[1]).value + (f":{match[2]}".encode() if match[2] else b"")


def host_named(text: str) -> Named:
    """All of a host, of either scheme and of every port. Raises ValueError with a sentence."""
    if "*" in text:
        raise ValueError(f"'{text}': one host is purged at a time; name it without a *")
    return Named("host", parse_host(text))


def tag_named(text: str) -> Named:
    """All that carry this tag: what is not ASCII in UTF-8, and other bytes as the system gives
    them to a program. Raises ValueError with a sentence."""
    try:
        tag = text.encode("utf-8", "surrogateescape") if _TAG.match(text) else b""
    except UnicodeEncodeError:  # half of a character
        tag = b""
    if not tag:
        raise ValueError(f"{text!r} is no tag: one has no space and no comma; name each by itself")
    if len(tag) > LONGEST:
        raise ValueError(f"a tag is longer than {LONGEST} bytes, and no answer has such a one")
    return Named("tag", tag)


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
