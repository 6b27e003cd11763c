"""The one table, for a terminal or for a README, and the samples behind it as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from statistics import median

from harness.row import BASELINE, Row, Sample

__all__ = ["Report"]

DISTURBED = 0.05
FULL = 0.8


@dataclass(kw_only=True, slots=True)
class Report:
    """What was measured.

    facts: (name, text) lines below the table. peers: in the order of the columns.
    samples: by (row, proxy). failures: by the same, why there is no figure. dropped: measurements
    that say nothing, and why.
    """

    facts: list[tuple[str, str]]
    peers: list[str]
    rows: list[Row]
    samples: dict[tuple[str, str], list[Sample]] = field(default_factory=dict)
    failures: dict[tuple[str, str], str] = field(default_factory=dict)
    dropped: list[tuple[tuple[str, str], str]] = field(default_factory=list)

    def add(self, row: Row, peer: str, sample: Sample) -> None:
        """One more measurement."""
        self.samples.setdefault((row.key, peer), []).append(sample)

    def fail(self, row: Row, peer: str, reason: str) -> None:
        """No figure here; the first reason stays."""
        self.failures.setdefault((row.key, peer), reason)

    def drop(self, row: Row, peer: str, reason: str) -> None:
        """A measurement that came to nothing, without the proxy being wrong."""
        self.dropped.append(((row.key, peer), reason))

    def text(self) -> str:
        """The table for a terminal."""
        lines = self._cells()
        widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
        table = [
            "  ".join(
                [line[0].ljust(widths[0])]
                + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
            )
            for line in lines
        ]
        table.insert(1, "  ".join("-" * width for width in widths))
        return "\n".join([*table, "", *self._notes()])

    def markdown(self) -> str:
        """The table for a README."""
        lines = self._cells()
        lines.insert(1, ["---"] + ["--:"] * len(self.peers))
        table = ["| " + " | ".join(line) + " |" for line in lines]
        return "\n".join([*table, "", *(f"- {note}" for note in self._notes())])

    def json(self) -> str:
        """Everything, each sample of its own."""
        return json.dumps(
            {
                "facts": dict(self.facts),
                "rows": {
                    row.key: {
                        "title": row.title,
                        "unit": row.unit,
                        "peers": {
                            peer: [asdict(sample) for sample in self.samples[row.key, peer]]
                            for peer in self.peers
                            if (row.key, peer) in self.samples
                        },
                    }
                    for row in self.rows
                },
                "failures": [
                    {"row": row, "peer": peer, "reason": reason}
                    for (row, peer), reason in self.failures.items()
                ],
            },
            indent=1,
        )

    def _cells(self) -> list[list[str]]:
        head = ["", *self.peers]
        return [head, *([self._title(row), *self._figures(row)] for row in self.rows)]

    @staticmethod
    def _title(row: Row) -> str:
        return f"{row.title}, {row.unit}"

    def _figures(self, row: Row) -> list[str]:
        return [self._figure(row, peer) for peer in self.peers]

    def _figure(self, row: Row, peer: str) -> str:
        if (row.key, peer) in self.failures:
            return "failed"
        samples = self.samples.get((row.key, peer))
        if not samples:
            return "-"
        value = median(sample.value for sample in samples)
        tails = [sample.tail for sample in samples if sample.tail is not None]
        if tails:
            return f"{value:.2f} / {median(tails):.2f}"
        return _rounded(value) + self._ratio(row, peer)

    def _ratio(self, row: Row, peer: str) -> str:
        """To nginx in the same round, which was under the same weather; of these the median."""
        if not row.compared or peer == BASELINE or (row.key, BASELINE) in self.failures:
            return ""
        pairs = zip(
            self.samples[row.key, peer], self.samples.get((row.key, BASELINE), ()), strict=False
        )
        ratios = [sample.value / baseline.value for sample, baseline in pairs]
        return f" {median(ratios):.2f}x" if ratios else ""

    def _notes(self) -> list[str]:
        notes = [f"{name}: {text}" for name, text in self.facts]
        titles = {row.key: row.title for row in self.rows}
        reasons: dict[tuple[str, str], list[str]] = {}
        for (key, peer), reason in self.failures.items():
            reasons.setdefault((peer, reason), []).append(titles[key])
        notes += [
            f"failed: {peer}, {', '.join(where)}: {reason}"
            for (peer, reason), where in reasons.items()
        ]
        notes += [f"dropped: {peer}, {titles[key]}: {why}" for (key, peer), why in self.dropped]
        return notes + self._rates() + self._doubts()

    def _rates(self) -> list[str]:
        """At which rates the latencies were measured."""
        paced = [
            f"{peer} {median(sample.rate or 0 for sample in samples) / 1000:.1f}"
            for (_, peer), samples in self.samples.items()
            if samples[0].tail is not None
        ]
        if not paced:
            return []
        return [f"half of the load is, in thousand exchanges a second: {', '.join(paced)}"]

    def _doubts(self) -> list[str]:
        """What the figures may suffer from."""
        notes = []
        slack = [
            f"{peer} in {row.title}"
            for row in self.rows
            for peer in self.peers
            if _is_slack(self.samples.get((row.key, peer), []))
        ]
        if slack:
            notes.append(
                f"the proxy's core was not full, waiting for the load or a disk: {'; '.join(slack)}"
            )
        shares = [
            sample.disturbed
            for samples in self.samples.values()
            for sample in samples
            if sample.disturbed is not None
        ]
        disturbed = [share for share in shares if share > DISTURBED]
        if disturbed:
            notes.append(
                f"NOT A QUIET MACHINE: in {len(disturbed)} of {len(shares)} measurements others "
                f"took more than {DISTURBED:.0%} of a core, at worst {max(disturbed):.0%}"
            )
        return notes


def _is_slack(samples: list[Sample]) -> bool:
    """In a closed loop the proxy should be what limits, so that each waits as little as another."""
    shares = [
        sample.busy
        for sample in samples
        if sample.busy is not None and sample.tail is None and (sample.disturbed or 0) < DISTURBED
    ]
    return bool(shares) and median(shares) < FULL


def _rounded(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"
