"""`porch tail`: what ends now, in all workers, a line each; as much of it as one asks for.

The door keeps the last exchanges in any case (observe/recent.py): whoever looks costs it nothing
that others would feel. Of a door that is faster than a terminal lines are left out, and counted.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from porch.cli.ask import answer_of
from porch.cli.where import Condition, parse_where
from porch.config.units import parse_duration
from porch.observe.visible import visible

__all__ = ["Wanted", "line", "tail", "wanted"]

EVERY = 0.2
"""Seconds between two looks."""

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which exchanges: all that are None or empty take any. route, host, path, endpoint: patterns
    with *. status: "404", "5xx" or "error" for what failed. slower: seconds. client: a network.
    where: an expression (where.py)."""

    route: str = ""
    host: str = ""
    path: str = ""
    endpoint: str = ""
    method: str = ""
    user: str = ""
    status: str = ""
    slower: float = 0.0
    client: str = ""
    where: Condition | None = None

    def takes(self, record: Record) -> bool:
        """Whether it is one of them."""
        return (
            record["total_ms"] >= self.slower * 1000
            and _matches(self.route, record["route"])
            and _matches(self.host, record["host"])
            and _matches(self.path, record["target"].partition("?")[0])
            and _matches(self.endpoint, record["endpoint"] or "")
            and self.method.upper() in ("", record["method"])
            and self.user in ("", record["user"])
            and self._has_status(record)
            and self._is_from(record["client"])
            and (self.where is None or self.where(record))
        )

    def _has_status(self, record: Record) -> bool:
        text = str(record["status"])
        if self.status == "error":
            return record["reason"] is not None or record["status"] >= 500
        if self.status.endswith("xx"):
            return text[0] == self.status[0] and len(text) == 3
        return self.status in ("", text)

    def _is_from(self, client: str) -> bool:
        if not self.client:
            return True
        try:
            return ip_address(client) in ip_network(self.client, strict=False)
        except ValueError:
            return client == self.client


def wanted(slower: str, status: str, where: str = "", **words: str) -> Wanted:
    """What the options of the command say. Raises ValueError with a sentence."""
    status = status.lower()
    fits = status in ("", "error") or (status[0] in "12345" and status[1:] == "xx")
    if not fits and not (len(status) == 3 and status.isdecimal()):
        raise ValueError(f"--status '{status}' is none; write 404, 5xx or error")
    if words.get("client"):
        try:
            ip_network(words["client"], strict=False)
        except ValueError:
            raise ValueError(
                f"--client '{words['client']}' is no address and no network; 192.0.2.0/24 is one"
            ) from None
    return Wanted(
        slower=parse_duration(slower) if slower else 0.0,
        status=status,
        where=parse_where(where) if where.strip() else None,
        **words,
    )


def tail(
    config: Path,
    which: Wanted,
    *,
    as_json: bool,
    most: int = 0,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Print until interrupted, or until `most` lines stand there. Returns 0, or 1 with the reason
    once the door has ended."""
    answer = answer_of(config, "recent")
    shown = 0
    try:
        while answer is not None:
            if answer["left_out"]:
                print(f"porch: {answer['left_out']} more ended meanwhile", file=sys.stderr)
            for record in _records(answer):
                if which.takes(record):
                    print(json.dumps(record) if as_json else line(record))
                    shown += 1
                    if shown == most:
                        return 0
            sys.stdout.flush()
            sleep(EVERY)
            answer = answer_of(config, "recent", {"marks": answer["marks"]})
    except KeyboardInterrupt:
        return 0
    except BrokenPipeError:  # head, grep -m, less: whoever read has enough
        sys.stdout = None
        return 0
    return 1


def line(record: Record) -> str:
    """One exchange. What a client has sent moves no cursor and changes no colours."""
    at = datetime.fromisoformat(record["time"]).astimezone()
    stamp = f"{at:%H:%M:%S}.{at.microsecond // 1000:03}"
    to = f" -> {visible(record['endpoint'])}" if record["endpoint"] else ""
    tried = f"  {record['attempts']} attempts" if record["attempts"] > 1 else ""
    url = visible(record["host"]) + visible(record["target"])
    return (
        f"{stamp} {record['status'] or '---'} {record['total_ms']:8.1f} ms "
        f"{visible(record['method'])} {url}{to}  {visible(record['route'])}{tried}  "
        f"{visible(record['client'])}  {visible(record['id'])}"
    )


def _records(answer: Mapping[str, Any]) -> list[Record]:
    return list(answer["records"])


def _matches(pattern: str, text: str) -> bool:
    return not pattern or fnmatchcase(text, pattern)
