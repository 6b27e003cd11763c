"""What `porch explain` says of the door that runs: which endpoint a request would go to now, why
not to the others, and whether the file that was explained is what runs.

Each worker chooses by itself. What they say alike is said once; where they differ, by whom.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from porch.config.snapshot import Snapshot
from porch.manage.control.client import NotRunning, ask
from porch.route.route import Route

__all__ = ["PATIENCE", "Door", "running_lines"]

PATIENCE = 5.0
"""Seconds for a door to say it; a worker that hangs is waited for 2."""
MOST = 8
"""Endpoints in one line."""


class Door:
    """The door that runs with a file, as it is asked once. told: what it says, {} where there is
    none to ask; why: then why not."""

    def __init__(self, told: Mapping[str, Any], why: str = "") -> None:
        self.told = told
        self.why = why

    @classmethod
    def asked(cls, config: Path, words: Mapping[str, object]) -> "Door":
        """words: see explained.explained."""
        try:
            answer = ask(config, "explain", words, patience=PATIENCE)
        except NotRunning:
            return cls({}, f"no door runs with {config}: this is what the file says")
        except OSError as error:
            return cls({}, f"the door does not answer ({error}): this is what the file says")
        if "error" in answer:
            why = str(answer["error"]).removeprefix("porch: ")
            return cls({}, f"the door says nothing of it ({why}): this is what the file says")
        return cls(answer)

    @property
    def orders(self) -> Sequence[Mapping[str, str]]:
        """What operators have said to it."""
        found: Sequence[Mapping[str, str]] = self.told.get("orders", ())
        return found


def running_lines(door: Door, snapshot: Snapshot, route: Route | None) -> Iterator[str]:
    """snapshot: of the file that was explained. route: that the file gives the request."""
    told = door.told
    if not told:
        yield f"door      {door.why}"
        return
    workers = told["workers"]
    count = f"{len(workers)} worker{'' if len(workers) == 1 else 's'}"
    yield f"door      process {told['pid']} runs, {count} asked"
    if told["hash"] != snapshot.short:
        refused = "; its last reload was refused, porch check says why" if told["refused"] else ""
        yield (
            f"older     the door runs an older file, loaded {told['loaded']}{refused}; porch "
            "reload puts this one in force, porch reload --diff says what would change"
        )
    for pid in told["silent"]:
        yield f"silent    worker {pid} has not answered in time"
    for word, texts in (
        ("refused", _by(workers, "refused")),
        ("takes", _routes(workers, route)),
        ("room", _by(workers, "room")),
        ("canary", _by(workers, "canary")),
    ):
        for text in texts:
            yield f"{word:<10}{text}"
    names = dict.fromkeys(each["pool"] for worker in workers for each in worker.get("pools", ()))
    for number, name in enumerate(names):
        found = [_pool(worker, name) for worker in workers]
        there = [(each, worker) for each, worker in zip(found, workers, strict=True) if each]
        other = "or" if there[0][1].get("drawn") else "then"
        yield from _asks(there, "asks" if number == 0 else other)
        yield from _endpoints(there)


def _pool(worker: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return next((each for each in worker.get("pools", ()) if each["pool"] == name), {})


def _by(workers: Sequence[Mapping[str, Any]], word: str) -> list[str]:
    """What they say of something: once if it is the same, else with who says it."""
    said: dict[str, list[int]] = {}
    for worker in workers:
        value = worker.get(word)
        for text in value if isinstance(value, list) else [value] if value else []:
            said.setdefault(text, []).append(worker["pid"])
    return [
        text if len(pids) == len(workers) else f"{text} ({_workers(pids)})"
        for text, pids in said.items()
    ]


def _routes(workers: Sequence[Mapping[str, Any]], route: Route | None) -> list[str]:
    """The route where the door takes another one than the file."""
    here = route.key if route is not None else None
    others = [
        {"pid": each["pid"], "text": f'"{each["route"]}" {each["where"]}, not as the file says'}
        for each in workers
        if "route" in each and each["route"] != here
    ]
    return _by(others, "text") if len(others) == len(workers) else []


def _asks(there: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]], word: str) -> Iterator[str]:
    """Whom the workers would ask first."""
    chosen: dict[str, list[int]] = {}
    for pool, worker in there:
        chosen.setdefault(_first(pool), []).append(worker["pid"])
    pool = there[0][0]
    manner = f" ({pool['manner']})" if pool["manner"] else ""
    if len(chosen) == 1:
        yield f"{word:<10}{next(iter(chosen))} of pool {pool['pool']}{manner}"
        return
    yield f"{word:<10}of pool {pool['pool']} each worker its own{manner}:"
    for text, pids in chosen.items():
        yield f"          {text} in {_workers(pids)}"


def _first(pool: Mapping[str, Any]) -> str:
    names = pool["first"]
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    if not names:
        return "nobody: all are out"
    if len(names) == 1:
        return f"{names[0]}"
    return f"one of {', '.join(names[:MOST])}{more}"


def _endpoints(there: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> Iterator[str]:
    """Each endpoint with what is to be said of it."""
    first = {name for pool, _ in there for name in pool["first"]}
    said: dict[str, dict[str, list[int]]] = {}
    running: dict[str, int] = {}
    for pool, worker in there:
        for each in pool["endpoints"]:
            text = "; ".join(each["why"]) or "in rotation"
            said.setdefault(each["endpoint"], {}).setdefault(text, []).append(worker["pid"])
            running[each["endpoint"]] = each["running"]
    for name, texts in said.items():
        told = [
            text if len(pids) == len(there) else f"{text} ({_workers(pids)})"
            for text, pids in texts.items()
        ]
        how = "may get it" if name in first else "does not"
        yield f"endpoint  {name} {how}: {'; '.join(told)}; {running[name]} under way"
    if there[0][0]["more"]:
        yield f"          and {there[0][0]['more']} more endpoints; porch status shows them"


def _workers(pids: Sequence[int]) -> str:
    return f"worker {', '.join(map(str, pids))}"
