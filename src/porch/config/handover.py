"""A configuration as bytes: what the supervisor loaded, for a worker that serves.

It is cut into pieces that are quick to read, so that a worker can read one between two events.
What only a report needs (the places of words, tests, what was written) stays behind. Pieces are
understood by the version that made them alone: supervisor and workers are always of one.
"""

import io
import pickle
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any, TypeVar

from pydantic import BaseModel

from porch.config.loaded import Loaded, RouteEntry
from porch.config.locate import KeyPath, Place
from porch.config.schema import RouteModel, SiteModel
from porch.config.steps import Steps
from porch.config.target import Target
from porch.config.withheld import withheld
from porch.route.pattern import Kind, Pattern
from porch.route.regex import compile_regex

__all__ = ["WEIGHT", "pack", "unpack"]

WEIGHT = 5
"""Routes in a piece; one that has several targets weighs as many."""

Model = TypeVar("Model", bound=BaseModel)

_READ_ALREADY: dict[str, object] = {"routes": {}, "site": {}, "pool": {}, "expect": []}
"""Tables of the whole file that have models of their own by now."""
_NOTHING_SAID = dict.fromkeys(RouteModel.model_fields)
_PLACE = ("text", "kind", "host", "port", "path", "url", "status", "name")
_TARGET = (*_PLACE, "weight", "priority", "source", "announces")
_target_parts = attrgetter(*_TARGET)


def pack(loaded: Loaded) -> list[bytes]:
    """The pieces of a configuration that is `ok` and was built once: so its files were read.

    Raises ValueError with a sentence that names what is no plain data.
    """
    return [*_pieces(loaded)]


def unpack(pieces: Iterable[bytes]) -> Steps[Loaded]:
    """The configuration, a piece a step. Believed like code: only for what `pack` made."""
    loaded = Loaded()
    for piece in pieces:
        word, parts = pickle.loads(piece)
        if word == "routes":
            loaded.routes += parts
        else:
            _take(loaded, word, *parts)
        yield
    return loaded


def _pieces(loaded: Loaded) -> Iterator[bytes]:
    loaded = withheld(loaded)
    config = loaded.config.model_copy(update=_READ_ALREADY)
    head = (loaded.name, loaded.base, loaded.files, config, loaded.signing_key)
    yield _piece("head", head, "the top of the configuration")
    for host, site in loaded.sites.items():
        path = loaded.site_paths[host]
        # The one word of a site whose place a route shows.
        place = loaded.place((*path, "www")) if site.www else None
        yield _piece("site", (host, path, site, place), f'the site "{host}"')
    for name, pool in loaded.pools.items():
        yield _piece("pool", (name, pool), f"the pool '{name}'")
    for file, content in loaded.contents.items():
        if file not in loaded.files:
            yield _piece("content", (file, content), str(file))
    for entries in _portions(loaded.routes):
        yield _piece_of_routes(entries)


def _portions(entries: Iterable[RouteEntry]) -> Iterator[list[RouteEntry]]:
    """Routes by WEIGHT. One with a regex, which has to be compiled, comes alone."""
    portion: list[RouteEntry] = []
    held = 0
    for entry in entries:
        is_regex = entry.pattern is not None and entry.pattern.regex is not None
        weight = WEIGHT if is_regex else max(1, len(entry.targets))
        if portion and held + weight > WEIGHT:
            yield portion
            portion, held = [], 0
        portion.append(entry)
        held += weight
    if portion:
        yield portion


def _piece_of_routes(entries: Sequence[RouteEntry]) -> bytes:
    what = f'the route "{entries[0].key}" ({entries[0].where})'
    try:
        return _piece("routes", entries, what)
    except ValueError:
        for entry in entries if len(entries) > 1 else ():
            _piece_of_routes([entry])  # raises for the one that it is
        raise


def _piece(word: str, parts: object, what: str) -> bytes:
    out = io.BytesIO()
    try:
        _Pickler(out, pickle.HIGHEST_PROTOCOL).dump((word, parts))
    except Exception as error:  # an object may refuse in its own way
        raise ValueError(
            f"{what} cannot be handed to the workers, since not all of it is plain data: {error}"
        ) from error
    return out.getvalue()


class _Pickler(pickle.Pickler):
    """Says in the shortest way what there are thousands of."""

    def reducer_override(self, value: Any) -> Any:
        """See pickle.Pickler."""
        if isinstance(value, RouteEntry):
            return _route, _route_parts(value)
        if isinstance(value, BaseModel):
            return _model, (type(value), _said(value), value.model_fields_set)
        if isinstance(value, str):  # of a kind of the caller's own; the text is what was meant
            return str, (str.__str__(value),)
        return NotImplemented


def _said(model: BaseModel) -> dict[str, object]:
    return {word: value for word, value in model.__dict__.items() if value is not None}


def _model(kind: type[Model], said: dict[str, object], words: set[str]) -> Model:
    return _filled(kind, dict.fromkeys(kind.model_fields) | said, words)


def _filled(kind: type[Model], values: dict[str, object], words: set[str]) -> Model:
    """A model that needs no second check."""
    model = kind.__new__(kind)
    model.__setstate__(
        {
            "__dict__": values,
            "__pydantic_extra__": None,
            "__pydantic_fields_set__": words,
            "__pydantic_private__": None,
        }
    )
    return model


def _route_parts(entry: RouteEntry) -> tuple[object, ...]:
    pattern = entry.pattern
    assert pattern is not None
    return (
        entry.key,
        entry.path,
        entry.where,
        (_said(entry.model), entry.model.model_fields_set),
        (pattern.method, pattern.host, pattern.kind.value, pattern.path),
        [*map(_target_parts, entry.targets)],
    )


def _route(
    key: str,
    path: KeyPath,
    where: str,
    model: tuple[dict[str, object], set[str]],
    pattern: tuple[bytes | None, bytes, str, bytes],
    targets: list[tuple[Any, ...]],
) -> RouteEntry:
    said, words = model
    entry = RouteEntry(key, _filled(RouteModel, _NOTHING_SAID | said, words), path, where, {})
    method, host, kind_name, text = pattern
    kind = Kind(kind_name)
    regex = compile_regex(text.decode("utf-8")) if kind is Kind.REGEX else None
    entry.pattern = Pattern(key=key, method=method, host=host, kind=kind, path=text, regex=regex)
    entry.targets = tuple([Target(**dict(zip(_TARGET, each, strict=True))) for each in targets])
    return entry


def _take(loaded: Loaded, word: str, *parts: Any) -> None:
    if word == "head":
        loaded.name, loaded.base, loaded.files, loaded.config, loaded.signing_key = parts
    elif word == "site":
        _take_site(loaded, *parts)
    elif word == "pool":
        name, pool = parts
        loaded.pools[name] = pool
    else:
        file, content = parts
        loaded.contents[file] = content


def _take_site(
    loaded: Loaded, host: str, path: KeyPath, site: SiteModel, place: tuple[str, Place] | None
) -> None:
    loaded.sites[host] = site
    loaded.site_paths[host] = path
    if place is not None:
        loaded.places[*path, "www"] = place
