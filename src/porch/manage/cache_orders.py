"""The commands about the cache: what is purged, and what is to be seen of it.

Who purges is answered when it is in force in every worker. Of a store in memory each has its own,
so that what is to be seen is asked of all.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict

from porch.cache.counts import totals
from porch.cache.named import Named, named_in
from porch.manage.asking import Answers, Asking, Silent
from porch.manage.cache_keeping import caches
from porch.manage.cache_place import CachePlace, cache_place
from porch.manage.columns import CACHE
from porch.manage.control.operating import Answer, Command, Question
from porch.manage.in_force import InForce

__all__ = ["MOST", "CacheOrders"]

_DIGITS = re.compile(r"(?:[0-9a-f]{2}){1,64}\Z")
MOST = 20
"""Urls that are told."""
NO_CACHE = "porch: no route has 'cache', so that nothing is kept; write cache = true in one"
NOT_CONFIRMED = (
    "worker {} has not confirmed it, for it hangs; it gives nothing of this either when it goes "
    "on, since a purge in one of them is one in all"
)
NO_WORKER = "porch: no worker has answered; porch status shows them"


class CacheOrders:
    """Of one door."""

    def __init__(self, asking: Asking, in_force: InForce) -> None:
        self._asking = asking
        self._in_force = in_force

    @property
    def commands(self) -> dict[str, Command]:
        """See Operating."""
        return {"purge": self._purge, "cache": self._cache, "kept": self._kept}

    def _purge(self, question: Question) -> None:
        if not caches(self._in_force.candidate.loaded):
            question.reply({"error": NO_CACHE})
            return
        try:
            named = named_in(question.words)
        except ValueError as error:
            question.reply({"error": f"porch: {error}"})
            return
        soft = question.words.get("soft") is True

        def purged(answers: Answers) -> None:
            told = [each for each in answers if isinstance(each, dict)]
            failed = next((each["error"] for each in told if "error" in each), None)
            if failed is not None or not told:
                question.reply(
                    {"error": f"porch: nothing was purged: {failed}" if told else NO_WORKER}
                )
                return
            silent = [each.pid for each in answers if isinstance(each, Silent)]
            pids = ", ".join(map(str, silent))
            shown = [_spelled(each) for each in named]
            answer: Answer = {"purged softly" if soft else "purged": shown}
            if silent:
                answer["silent"] = NOT_CONFIRMED.format(pids)
            question.reply(answer)

        self._asking.tell("purge", (named, soft), purged)

    def _cache(self, question: Question) -> None:
        if not caches(self._in_force.candidate.loaded):
            question.reply({"error": NO_CACHE})
            return
        place = self._place

        def shown(answers: Answers) -> None:
            told = [each for each in answers if isinstance(each, dict)]
            question.reply(self._counted | _stores(told, place))

        only = None if place.folder is None else self._asking.waited_for[:1]
        self._asking.tell("cache", MOST, shown, only=only)

    def _kept(self, question: Question) -> None:
        """What is stored under one key: for `porch explain`. Stores in memory may each have it."""
        primary = question.words.get("primary")
        if not isinstance(primary, str) or _DIGITS.match(primary) is None:
            question.reply({"error": "porch: 'primary' is a key's digest in hexadecimal digits"})
            return

        def kept(answers: Answers) -> None:
            told = [each for each in answers if isinstance(each, dict) and "error" not in each]
            found = next((each for each in told if each["kept"]), told[0] if told else {})
            question.reply(found or {"error": NO_WORKER})

        only = None if self._place.folder is None else self._asking.waited_for[:1]
        self._asking.tell("kept", bytes.fromhex(primary), kept, only=only)

    @property
    def _place(self) -> CachePlace:
        return cache_place(self._in_force.candidate.loaded)

    @property
    def _counted(self) -> Answer:
        table = self._in_force.table
        found = totals(lambda cell: table.total(CACHE + cell))
        ratios = {"requests": found.requests, "ratio": found.ratio, "byte_ratio": found.byte_ratio}
        return ratios | asdict(found)


def _stores(told: Sequence[dict[str, object]], place: CachePlace) -> Answer:
    """What the workers say of their stores, summed up. What cannot be known is None."""
    found: dict[str, int] = {}
    urls: dict[str, int] = {}
    for each in told:
        for word, number in _numbers(each.get("store")):
            found[word] = found.get(word, 0) + number
        for url, count in _pairs(each.get("top")):
            urls[url] = urls.get(url, 0) + count
    top = sorted(urls.items(), key=lambda each: -each[1])[:MOST]
    failed = next((each["error"] for each in told if "error" in each), None)
    return {
        "folder": str(place.folder) if place.folder is not None else None,
        "store": found or None,
        "trouble": failed if told else NO_WORKER,
        "top": [{"url": url, "served": count} for url, count in top],
    }


def _numbers(value: object) -> list[tuple[str, int]]:
    return [*value.items()] if isinstance(value, dict) else []


def _pairs(value: object) -> list[tuple[str, int]]:
    return value if isinstance(value, list) else []


def _spelled(named: Named) -> str:
    text = named.value.decode("utf-8", "backslashreplace")
    if named.scope == "all":
        return "everything"
    if named.scope == "url":
        return text
    return f"{text}*" if named.scope == "prefix" else f"{named.scope} {text}"
