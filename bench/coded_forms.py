"""What a worker saves that finds a coded form beside the store: CPU time of the first answer in a
coding, of one JSON of 100 KB, where it codes it itself, and where another worker has kept the form.

`python bench/coded_forms.py`, in a folder for temporary files; the best of many calls counts.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from harness.best import best
from harness.texts import text

from porch.cache.coded import CodedForms
from porch.compress.coder import HOT, USUAL
from porch.compress.workshop import Workshop

SIZES = {"10 KB": 10_000, "100 KB": 100_000, "1 MB": 1_000_000}
PATIENCE = 0.3
"""Seconds of CPU time for one cell; one call at least."""
ROOM = 1 << 30


def cost(work: Callable[[], object]) -> float:
    """Microseconds of CPU time."""
    return best(work, PATIENCE)[1] * 1e6


def main() -> None:
    """Print the table."""
    print("| JSON of | coding | coded | as small as can be | found | looked for in vain | bytes |")
    print("| --- | --- | --: | --: | --: | --: | --: |")
    with tempfile.TemporaryDirectory() as folder:
        forms = CodedForms(lambda: Path(folder), ROOM)
        for number, (size, count) in enumerate(SIZES.items()):
            body = text("JSON", count)
            for name, coder in Workshop().coders.items():
                ident = b"f%d" % number
                usual, small = coder.whole(body, USUAL), coder.whole(body, HOT)
                forms.make(ident, name, lambda form=small: form)  # type: ignore[misc]
                cells = [
                    cost(lambda coder=coder, body=body: coder.whole(body, USUAL)),  # type: ignore[misc]
                    cost(lambda coder=coder, body=body: coder.whole(body, HOT)),  # type: ignore[misc]
                    cost(lambda ident=ident, name=name: forms.get(ident, name)),  # type: ignore[misc]
                    cost(lambda name=name: forms.get(b"f?", name)),  # type: ignore[misc]
                ]
                times = " | ".join(f"{each:,.0f}" for each in cells)
                shares = f"{len(usual):,} → {len(small):,}"
                print(f"| {size} | {name.decode()} | {times} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
