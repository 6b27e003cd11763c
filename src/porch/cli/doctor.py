"""`porch doctor`: the door and its machine, looked over: what is wrong, and what to do about it."""

import json
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from porch.manage.doctor.diagnosis import diagnosis
from porch.manage.doctor.patient import Found

__all__ = ["lines", "show_doctor"]

ORDER = ("wrong", "look", "ok")
WIDTH = 100
"""Characters of a line."""


def show_doctor(config: Path, *, as_json: bool) -> int:
    """Look and print. Returns 0 if nothing is wrong, 1 else."""
    found = sorted(diagnosis(config), key=lambda each: ORDER.index(each.said))
    is_wrong = any(each.said == "wrong" for each in found)
    if as_json:
        rows = [
            {"check": each.check, "state": each.said, "sentence": each.sentence} for each in found
        ]
        print(json.dumps({"ok": not is_wrong, "findings": rows}, indent=2))
    else:
        print("\n".join(lines(found)))
    return int(is_wrong)


def lines(found: Sequence[Found]) -> Iterator[str]:
    """What is wrong stands on top."""
    width = max(len(each.check) for each in found)
    for each in found:
        before = f"{each.said:<5}  {each.check:<{width}}  "
        # A sentence may have a name in it that others chose.
        text = "".join(letter for letter in each.sentence if letter.isprintable())
        yield from textwrap.wrap(
            text,
            WIDTH,
            initial_indent=before,
            subsequent_indent=" " * len(before),
            break_long_words=False,
            break_on_hyphens=False,
        )
    count = {said: sum(each.said == said for each in found) for said in ORDER}
    yield ""
    if count["wrong"]:
        yield f"{count['wrong']} wrong, {count['look']} to look at"
    elif count["look"]:
        yield f"nothing is wrong, {count['look']} to look at"
    else:
        yield "nothing is wrong"
