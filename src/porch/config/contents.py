"""The words about what requests say as filters."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from porch.config.loaded import Loaded
from porch.config.schema_content import JsonModel, OpenApiModel
from porch.config.settings import RouteSettings
from porch.config.state import State
from porch.filter import Filter
from porch.shield.auth_thread import SlowThread
from porch.shield.content import Content, Watch
from porch.shield.json_content import JsonContent
from porch.shield.json_shape import Shape

if TYPE_CHECKING:
    from porch.shield.openapi_operations import Offer

__all__ = ["Contents", "content_of"]

_REMEMBERED = 8
"""Documents."""


class Contents:
    """Of one configuration. Routes with the same words share what is made of them. thread: where
    large bodies are looked at; None where nobody serves."""

    def __init__(self, loaded: Loaded, state: State) -> None:
        self.thread = SlowThread("bodies") if state.auth.serves else None
        self._loaded = loaded
        self._say: Callable[[str], None] = state.tell
        self._made: dict[str, Content] = {}
        self._files: dict[Path, None] = {}

    @property
    def files(self) -> Iterable[Path]:
        """Documents, to be watched."""
        return self._files

    def filters(self, settings: RouteSettings) -> list[Filter]:
        """What decides by the heads of a route."""
        content = self.of(settings)
        return [] if content is None else [content]

    def of(self, settings: RouteSettings) -> Content | None:
        """The same, for what looks at the bodies; None where nothing is said."""
        json: JsonModel | None = settings.nearest("json_body") or None
        openapi: OpenApiModel | None = settings.nearest("openapi") or None
        if json is None and openapi is None:
            return None
        key = f"{json} {openapi}"
        if key not in self._made:
            self._made[key] = content_of(self._loaded, json, openapi, self._say)
            if openapi is not None:
                self._files[self._loaded.base / openapi.file] = None
        return self._made[key]


def content_of(
    loaded: Loaded,
    json: JsonModel | None,
    openapi: OpenApiModel | None,
    say: Callable[[str], None],
) -> Content:
    """What looks at requests. say: tells the operator. Raises DocumentError, and OSError where the
    document cannot be read."""
    bounds = json or JsonModel()
    if openapi is None:
        watch = Watch("json_body", say) if bounds.dry_run else None
        return JsonContent(bounds.shape, bounds.size, watch, others=bool(bounds.others))
    from porch.shield.openapi import OpenApi

    return OpenApi(
        _offer(
            loaded.read(loaded.base / openapi.file), openapi.base, openapi.read_only, bounds.shape
        ),
        bounds.shape,
        bounds.size,
        Watch(f"openapi {openapi.file}", say) if openapi.dry_run else None,
        unknown=openapi.unknown is not False,
        name=openapi.file,
    )


@lru_cache(_REMEMBERED)
def _offer(content: bytes, base: str | None, read_only: bool | None, shape: Shape) -> "Offer":
    """What a document offers, read once: a check reads it before a build does, and a reload finds
    most of them as they were."""
    from porch.shield.openapi_document import read_document
    from porch.shield.openapi_operations import read_offer

    return read_offer(read_document(content), base=base, read_only=bool(read_only), shape=shape)
