"""The words about what requests say as filters."""

from collections.abc import Callable

from porch.config.loaded import Loaded
from porch.config.schema_content import JsonModel
from porch.config.settings import RouteSettings
from porch.config.state import State
from porch.filter import Filter
from porch.shield.auth_thread import SlowThread
from porch.shield.content import Content, Watch
from porch.shield.json_content import JsonContent

__all__ = ["Contents"]


class Contents:
    """Of one configuration. Routes with the same words share what is made of them. thread: where
    large bodies are looked at; None where nobody serves."""

    def __init__(self, loaded: Loaded, state: State) -> None:
        self.thread = SlowThread("bodies") if state.auth.serves else None
        self._say: Callable[[str], None] = state.tell
        self._made: dict[str, Content] = {}

    def filters(self, settings: RouteSettings) -> list[Filter]:
        """What decides by the heads of a route."""
        content = self.of(settings)
        return [] if content is None else [content]

    def of(self, settings: RouteSettings) -> Content | None:
        """The same, for what looks at the bodies; None where nothing is said."""
        words: JsonModel | None = settings.nearest("json_body") or None
        if words is None:
            return None
        key = repr(words)
        if key not in self._made:
            watch = Watch("json_body", self._say) if words.dry_run else None
            self._made[key] = JsonContent(words.shape, words.size, watch, others=bool(words.others))
        return self._made[key]
