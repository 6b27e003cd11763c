"""The commands that only look: what has ended lately, and what all exchanges add up to.

Workers write into shared memory (observe/recent.py, observe/series.py), now and then. Before it is
read they are told to write what has ended by now; who does not answer at once is not waited for, so
that one that hangs is seen like the others.
"""

from functools import partial

from porch import clock
from porch.manage.asking import Answers, Asking
from porch.manage.control.operating import Answer, Command, Question
from porch.manage.in_force import InForce
from porch.observe.visible import visible

__all__ = ["MOST", "PATIENCE", "Looking"]

MOST = 2_000
"""Exchanges in one answer; of more the newest are told."""
PATIENCE = 0.1
"""Seconds in which a worker writes what has ended."""


class Looking:
    """Of one door."""

    def __init__(self, asking: Asking, in_force: InForce) -> None:
        self._asking = asking
        self._in_force = in_force

    @property
    def commands(self) -> dict[str, Command]:
        """See Operating."""
        looks = {"recent": self._recent, "trace": self._trace, "totals": self._totals}
        return {name: partial(self._look, look) for name, look in looks.items()}

    def _look(self, look: Command, question: Question) -> None:
        """Once those who serve have written it. One that hangs already is not even asked."""
        well = [each for each in self._asking.waited_for if not each.missed]

        def written(_: Answers) -> None:
            look(question)

        self._asking.tell("put-away", None, written, only=well, patience=PATIENCE, is_order=False)

    def _recent(self, question: Question) -> None:
        """Exchanges that ended behind `marks`, which the last answer gave; without them only
        marks, behind which all is new."""
        marks = question.words.get("marks")
        recent = self._in_force.tables.recent
        if marks is None:
            question.reply({"marks": _named(recent.marks()), "records": [], "left_out": 0})
            return
        records, reached = recent.since(_numbers(marks, recent.rows))
        question.reply(
            {
                "marks": _named(reached),
                "records": records[-MOST:],
                "left_out": max(len(records) - MOST, 0),
            }
        )

    def _trace(self, question: Question) -> None:
        """One exchange, by its id or, for "last-error", the last that went wrong."""
        wanted = question.words.get("id")
        if not isinstance(wanted, str) or not wanted:
            question.reply({"error": "porch: 'id' is an exchange's id, or last-error"})
            return
        recent = self._in_force.tables.recent
        if wanted == "last-error":
            bad = recent.bad()
            none: Answer = {"error": "porch: nothing has gone wrong since the door began"}
            question.reply(bad[-1] if bad else none)
            return
        found = recent.find(wanted)
        if found is None:
            question.reply(
                {
                    "error": f"porch: no exchange '{visible(wanted)}' among the last ones; it has "
                    "not ended yet, or is too long ago; the id is the X-Request-ID of the answer"
                }
            )
            return
        question.reply(found)

    def _totals(self, question: Question) -> None:
        """What the meters of all workers have counted (observe/meter.py), by name."""
        totals = self._in_force.tables.series.totals()
        question.reply(
            {
                "at": clock.monotonic(),
                "series": [[*name, list(totals.cells(name))] for name in totals],
            }
        )


def _named(marks: dict[int, int]) -> dict[str, int]:
    """JSON has texts for keys."""
    return {str(row): mark for row, mark in marks.items()}


def _numbers(marks: object, rows: int) -> dict[int, int]:
    """What somebody has sent as marks; what is none is left out."""
    if not isinstance(marks, dict):
        return {}
    named = ((row, marks.get(str(row))) for row in range(rows))
    return {row: mark for row, mark in named if isinstance(mark, int)}
