"""What `porch explain` says of who may come in: the word that decides about a client."""

from collections.abc import Iterator

from porch.config.loaded import Loaded
from porch.config.networks import Word, file_of, lines_of, parse_word
from porch.ip import packed
from porch.route.route import Route
from porch.shield.access import Access, Lists
from porch.shield.network import parse_network

__all__ = ["access_lines"]

_Found = tuple[int, bool, str]
"""How exact a word is, whether it denies, and what it is."""


def access_lines(loaded: Loaded, route: Route | None, client: bytes) -> Iterator[str]:
    """The word of `allow` or `deny` that decides, or why none does. client: its address after
    `trust`."""
    for hook in route.plan.on_request if route is not None else ():
        owner = getattr(hook, "__self__", None)
        if isinstance(owner, Access):
            lists = owner.lists
            who = client.decode("latin-1")
            verdict = "comes in" if lists.lets_in(client) else "may not come in"
            yield f"access    {who} {verdict}: {_why(loaded, lists, client)}"


def _why(loaded: Loaded, lists: Lists, client: bytes) -> str:
    found = max(_naming(loaded, lists, client), default=None)
    if found is None:
        return "it is in no list" if lists.default else "it is not in allow"
    return f"{found[2]} in {'deny' if found[1] else 'allow'}"


def _naming(loaded: Loaded, lists: Lists, client: bytes) -> Iterator[_Found]:
    for is_deny, texts in ((False, lists.allow), (True, lists.deny)):
        for word in map(parse_word, texts):
            for rank, text in _holding(loaded, lists, word, client):
                yield rank, is_deny, text


def _holding(loaded: Loaded, lists: Lists, word: Word, client: bytes) -> Iterator[tuple[int, str]]:
    """What of a word holds a client, and how exact that is: by the order of shield/access.py."""
    if word.kind == "unix":
        if client == b"unix":
            yield 0, word.text
    elif word.kind in ("country", "asn") and lists.places is not None:
        place = lists.places[client]
        if word.kind == "country" and place.country.decode() == word.value:
            yield 1, word.text
        elif word.kind == "asn" and str(place.operator) == word.value:
            yield 2, word.text
    address = packed(client.decode("latin-1"))
    if address is None:
        return
    bits = len(address) * 8
    number = int.from_bytes(address, "big")
    for (first, of_bits, prefix), text in _networks(loaded, word):
        if of_bits == bits and first >> (bits - prefix) == number >> (bits - prefix):
            yield 2 + prefix if prefix else 0, text


def _networks(loaded: Loaded, word: Word) -> Iterator[tuple[tuple[int, int, int], str]]:
    for network in word.networks:
        yield network, word.text
    if word.kind == "file":
        file = file_of(loaded, word)
        for line, text in lines_of(loaded.read(file)):
            yield parse_network(text), f"{text} ({file}:{line})"
