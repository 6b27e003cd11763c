"""`porch capture CLIENT`: what one client, the door and the origin say to each other, as it comes.

12:11:12.345 4fd03f72-c2626    0.0 ms  asked  GET /users?token=***
             host: example.com
             cookie: (20 bytes)
12:11:12.346 4fd03f72-c2626    1.2 ms  sent to 10.0.0.1:8000  GET /users?token=***
…
"""

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from porch.cli.ask import answer_of
from porch.config.units import parse_duration
from porch.observe.visible import visible

__all__ = ["EVERY", "capture", "end_capture", "lines"]

EVERY = 0.3
"""Seconds between two looks."""
_WORDS = {"asked": "asked", "sent": "sent to", "got": "got from", "answered": "answered"}


def capture(
    config: Path,
    client: str,
    lasts: str,
    route: str,
    *,
    as_json: bool,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Begin one and print it until it ends; Ctrl-C ends it. client: "" follows the one that runs.
    Returns 0, 1 with the reason, 2 for words that are none."""
    try:
        seconds = parse_duration(lasts)
    except ValueError as error:
        print(f"porch: --for: {error}", file=sys.stderr)
        return 2
    if client:
        words = {"client": client, "for": seconds} | ({"route": route} if route else {})
        if answer_of(config, "capture", words) is None:
            return 1
    reader = _Reader(config, as_json=as_json)
    try:
        while reader.reads():
            sleep(EVERY)
    except KeyboardInterrupt:
        if client:
            answer_of(config, "capture-end")
            reader.reads()
        return 0
    except BrokenPipeError:  # head, grep -m, less: whoever read has enough
        sys.stdout = None
        if client:
            answer_of(config, "capture-end")
        return 0
    return reader.code


def end_capture(config: Path) -> int:
    """End the one that runs, whoever reads it. Returns 0, or 1 with the reason."""
    answer = answer_of(config, "capture-end")
    if answer is None:
        return 1
    found: dict[str, Any] = dict(answer)["capture"]  # type: ignore[assignment]
    print(f"the capture of {visible(found['client'])} has ended, with {found['heads']} heads")
    return 0


class _Reader:
    """code: of the command; 1 where the door does not answer."""

    def __init__(self, config: Path, *, as_json: bool) -> None:
        self._config = config
        self._as_json = as_json
        self._behind = 0
        self.code = 0

    def reads(self) -> bool:
        """Print what has come; whether more may come."""
        answer = answer_of(self._config, "captured", {"behind": self._behind})
        if answer is None:
            self.code = 1
            return False
        found: dict[str, Any] = dict(answer)
        for head in found["heads"]:
            print(json.dumps(head) if self._as_json else "\n".join(lines(head)))
        sys.stdout.flush()
        self._behind = found["behind"]
        ended = found["capture"]["ended"]
        if ended:
            print(f"porch: the capture has ended: {visible(ended)}", file=sys.stderr)
        return not ended


def lines(head: Mapping[str, Any]) -> Iterator[str]:
    """One head as text. What anybody has sent moves no cursor and changes no colours."""
    at = datetime.fromisoformat(head["time"]).astimezone()
    stamp = f"{at:%H:%M:%S}.{at.microsecond // 1000:03}"
    start = f"{stamp} {visible(head['id']) or '-'} {head['ms']:8.1f} ms "
    if head["what"] == "ended":
        tried = f"; tried {', '.join(map(visible, head['tried']))}" if head["tried"] else ""
        why = f", {visible(head['reason'])}" if head["reason"] else ""
        yield f"{start} ended  {head['status'] or 'no answer'}{why}{tried}"
        return
    words = _WORDS[head["what"]]
    to = f" {visible(head['endpoint'] or '-')}" if head["what"] in ("sent", "got") else ""
    yield f"{start} {words}{to}  {visible(head['line'])}"
    for name, value in head["fields"]:
        yield f"             {visible(name)}: {visible(value)}"
