"""What no single word of compression can tell."""

from porch.config.loaded import Loaded
from porch.config.locate import KeyPath
from porch.config.schema import RouteWords
from porch.config.schema_compress import CompressModel

__all__ = ["review_compress"]

_SMALL = frozenset(
    (
        *("image/*", "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"),
        *("video/*", "audio/*", "video/mp4", "video/webm", "audio/mpeg", "font/woff", "font/woff2"),
        *("font/*", "application/zip", "application/gzip", "application/zstd", "application/pdf"),
    )
)
"""Types that are compressed in themselves, or mostly."""


def review_compress(loaded: Loaded) -> None:
    """Look over `compress` at the top, in the sites and in the routes."""
    layers: list[tuple[KeyPath, RouteWords]] = [((), loaded.config)]
    layers += [(loaded.site_paths[host], site) for host, site in loaded.sites.items()]
    layers += [(entry.path, entry.model) for entry in loaded.routes]
    for path, words in layers:
        if words.compress:
            _review_words(loaded, words.compress, (*path, "compress"))


def _review_words(loaded: Loaded, words: CompressModel, path: KeyPath) -> None:
    for number, each in enumerate(words.types or ()):
        if each.lower() in _SMALL:
            text = (
                f"'{each}' is compressed in itself, so that it takes time and gets no smaller; "
                "take it out"
            )
            loaded.add((*path, "types", number), text, warning=True)
    if words.secrets and words.padding:
        text = "'padding' does nothing beside secrets = true, with which nothing is coded"
        loaded.add((*path, "padding"), text, warning=True)
    if words.events and words.types is not None and not _has_events(words.types):
        text = "'events' does nothing: text/event-stream is not among 'types'"
        loaded.add((*path, "events"), text, warning=True)


def _has_events(types: list[str]) -> bool:
    return any(each.lower() in ("text/*", "text/event-stream") for each in types)
