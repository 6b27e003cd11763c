"""Answers of the door itself: from targets and words to filters."""

import os
from typing import Any

from porch.config.loaded import Loaded, RouteEntry
from porch.filter import Filter
from porch.route.rewrite import Rewrite
from porch.serve.files import Files, Serving
from porch.serve.listings import Listings
from porch.serve.media_types import MediaTypes
from porch.serve.redirect import Redirect
from porch.serve.remembered import Memory
from porch.serve.respond import Respond
from porch.serve.trying import parse_attempt

__all__ = ["Servings"]


class Servings:
    """Of one configuration, whose routes share a memory and the turns of listings."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._memory = Memory()
        self._listings = Listings()

    def at_door(
        self, entry: RouteEntry, words: dict[str, Any], rewrite: Rewrite | None
    ) -> Filter | None:
        """What answers a route that leads nowhere else; None where it leads to a pool. words:
        those of `files`, merged."""
        target = entry.targets[0]
        if target.kind == "respond":
            return Respond(target.status)
        if target.kind == "redirect":
            regex = entry.pattern.regex if entry.pattern is not None else None
            return Redirect(target.url, entry.model.status or 308, regex)
        return self._files(entry, words, rewrite) if target.kind == "file" else None

    def _files(self, entry: RouteEntry, words: dict[str, Any], rewrite: Rewrite | None) -> Files:
        root = os.path.abspath(self._loaded.base / entry.targets[0].path)
        said: dict[str, Any] = {}
        if "try" in words:
            said["tries"] = tuple(map(parse_attempt, words["try"]))
        if "index" in words:
            said["index"] = tuple(each.encode() for each in words["index"])
        if "types" in words:
            said["types"] = MediaTypes(words["types"])
        if "precompressed" in words:
            said["copies"] = words["precompressed"]
        for word in ("links", "listing", "hidden"):
            if word in words:
                said[word] = words[word]
        return Files(Serving(root=os.fsencode(root), **said), self._memory, self._listings, rewrite)
