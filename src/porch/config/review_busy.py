"""What no word about importance can tell alone: whether it does anything."""

from porch.config.busying import of_whole
from porch.config.loaded import Loaded
from porch.config.locate import KeyPath
from porch.config.schema_busy import ImportanceWords

__all__ = ["review_busy"]


def review_busy(loaded: Loaded, words: ImportanceWords, path: KeyPath) -> None:
    """Warn of an importance that nobody asks for, and of one that all have. path: of the words."""
    if words.importance is None:
        return
    if of_whole(loaded) is None:
        text = 'nobody is refused without busy = "20ms" at the top: until then this does nothing'
        loaded.add((*path, "importance"), text, warning=True)
    elif words.importance == "known" and not _asks_who(loaded):
        text = "nobody is known without auth, so this is the same as normal; add auth, or leave it"
        loaded.add((*path, "importance"), text, warning=True)
    elif not path and words.importance == "always":
        text = "nobody is refused for others if nobody may be; say it of the few routes that matter"
        loaded.add((*path, "importance"), text, warning=True)


def _asks_who(loaded: Loaded) -> bool:
    """Whether any client has to show who it is."""
    layers = [loaded.config, *loaded.sites.values(), *(each.model for each in loaded.routes)]
    return any(each.auth for each in layers)
