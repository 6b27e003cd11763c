"""`porch audit`: who has changed what of a door, whether it runs or not.

2026-11-29T15:02:11.083Z  drain endpoint=10.0.0.1:8000, done
    by root, process 4711
    + drained api/10.0.0.1:8000
"""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from porch import clock
from porch.cli.store import folder_of, loaded_of
from porch.config.units import parse_duration
from porch.manage.control.audit_file import AuditFile, Torn, paired
from porch.manage.control.client import NotRunning, ask, second_path
from porch.observe.stamp import iso
from porch.observe.visible import visible

__all__ = ["Wanted", "lines", "show_audit", "since_of"]

PATIENCE = 5.0
"""Seconds for a door that runs; one that hangs has its file where the configuration says."""
_BEGUN = "how it ended is not written down: it is under way, or the door ended meanwhile"
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?)?Z?\Z", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which lines are shown. since: RFC 3339, or as much of it; "" for all. who, what: with * for
    anything. count: the last ones, 0 for all."""

    since: str = ""
    who: str = ""
    what: str = ""
    count: int = 0

    def takes(self, line: dict[str, Any]) -> bool:
        """Whether all that was said fits."""
        return (
            str(line.get("at")) >= self.since
            and (not self.who or fnmatchcase(str(line.get("who")), self.who))
            and (not self.what or fnmatchcase(str(line.get("what")), self.what))
        )


def since_of(text: str) -> str:
    """Of "2h" or "2026-11-29T15:00". Raises ValueError with a sentence."""
    if not text:
        return ""
    if _MOMENT.match(text):
        return text.removesuffix("Z")
    try:
        seconds = parse_duration(text)
    except ValueError:
        raise ValueError(
            f"'{text}' is no time; write 2h for the last two hours, or 2026-11-29T15:00 (UTC)"
        ) from None
    return iso(int(clock.wall() - seconds)).decode()


def show_audit(config: Path, wanted: Wanted, *, as_json: bool) -> int:
    """Print. Returns 0, or 1 with the reason."""
    audit = _file(config)
    if audit is None:
        return 1
    torn = 0

    def taken() -> Iterator[dict[str, Any]]:
        nonlocal torn
        for line in audit.read():
            if isinstance(line, Torn):
                torn += 1
            elif wanted.takes(dict(line)):
                yield dict(line)

    try:
        found = paired(taken(), wanted.count)
    except FileNotFoundError:
        print(f"porch: {audit.file} is not there: no door has run with it yet", file=sys.stderr)
        return 1
    except OSError as error:
        file = error.filename if error.filename else audit.file
        print(f"porch: {file}: {error.strerror}", file=sys.stderr)
        return 1
    for each in found:
        print(json.dumps(each) if as_json else "\n".join(lines(dict(each))))
    if torn:
        print(f"porch: {torn} torn lines in {audit.file} are not shown", file=sys.stderr)
    return 0


def _file(config: Path) -> AuditFile | None:
    """Where the door says it has it, or else where one that runs this file would."""
    with suppress(NotRunning, OSError, KeyError, TypeError):
        told: Any = ask(config, "status", patience=PATIENCE)["audit"]
        file = Path(told["file"])
        return AuditFile(file.parent.parent, file.stem)
    loaded = loaded_of(config)
    return None if loaded is None else AuditFile(folder_of(loaded), second_path(config).stem)


def lines(line: dict[str, Any]) -> Iterator[str]:
    """One change as text. What somebody has sent moves no cursor."""
    words = " ".join(f"{name}={_spelled(value)}" for name, value in _pairs(line.get("words")))
    what = visible(f"{line.get('what')} {words}".rstrip())
    seconds = line.get("seconds", 0)
    took = f" after {seconds} s" if isinstance(seconds, float) and seconds >= 1 else ""
    times = f" {visible(_spelled(line['times']))} times more" if "times" in line else ""
    outcome = visible(str(line.get("outcome")))
    yield f"{visible(str(line.get('at')))}  {what}, {outcome}{times}{took}"
    yield f"    by {visible(str(line.get('who')))}"
    if line.get("outcome") == "begun":
        yield f"    {_BEGUN}"
    before, after = dict(_pairs(line.get("before"))), dict(_pairs(line.get("after")))
    for name in before | after:
        old, new = before.get(name), after.get(name)
        if isinstance(new, list):
            yield from (f"    - {visible(str(each))}" for each in old or ())
            yield from (f"    + {visible(str(each))}" for each in new)
        else:
            was = f"{_spelled(old)} -> " if old else ""
            yield visible(f"    {name}: {was}{_spelled(new)}")
    if "pending" in line:
        yield f"    not taken by then by worker {visible(_spelled(line['pending'])).strip('[]')}"
    if "error" in line:
        # Marked, so that no line in a word that was refused looks like one of ours.
        for each in str(line["error"]).removeprefix("porch: ").split("\n"):
            yield f"    | {visible(each)}"


def _pairs(value: object) -> list[tuple[str, Any]]:
    return [*value.items()] if isinstance(value, dict) else []


def _spelled(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
