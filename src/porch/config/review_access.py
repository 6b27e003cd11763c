"""What the types of words about addresses cannot tell: whether each names somebody."""

from collections.abc import Sequence

from porch.config.loaded import Loaded
from porch.config.locate import KeyPath
from porch.config.networks import Word, parse_word
from porch.config.schema_access import AccessWords

__all__ = ["review_access", "review_peers"]

_PLACES = ("country", "asn")


def review_access(loaded: Loaded, model: AccessWords, path: KeyPath) -> None:
    """`allow` and `deny` of a table."""
    for name, texts in (("allow", model.allow), ("deny", model.deny)):
        for number, text in enumerate(texts or ()):
            at = (*path, name, number)
            word = _word(loaded, text, at)
            if word is not None and word.kind in _PLACES and not loaded.config.geo:
                text = f"'{text}' needs a file that knows: geo = \"country.mmdb\" at the top"
                loaded.add(at, text)
    for text in set(model.allow or ()) & set(model.deny or ()):
        loaded.add((*path, "deny"), f"'{text}' stands in allow too; it is denied", warning=True)
    if model.geo_fields and not loaded.config.geo:
        text = 'there is nothing to tell without a file that knows: geo = "country.mmdb" at the top'
        loaded.add((*path, "geo_fields"), text)


def review_peers(loaded: Loaded) -> None:
    """`trust` and `proxy_protocol`: who is believed."""
    for name, texts in (
        ("trust", loaded.config.trust),
        ("proxy_protocol", loaded.config.proxy_protocol),
    ):
        _review_peers(loaded, name, texts)


def _review_peers(loaded: Loaded, name: str, texts: Sequence[str]) -> None:
    for number, text in enumerate(texts):
        word = _word(loaded, text, (name, number))
        if word is None:
            continue
        if word.kind in _PLACES:
            loaded.add((name, number), f"'{text}' is nobody to believe; name networks")
        elif any(not prefix for _, _, prefix in word.networks):
            text = f"{text}: every client is believed in what it says of its address"
            loaded.add((name, number), text, warning=True)


def _word(loaded: Loaded, text: str, at: KeyPath) -> Word | None:
    try:
        return parse_word(text)
    except ValueError as error:
        loaded.add(at, str(error))
        return None
