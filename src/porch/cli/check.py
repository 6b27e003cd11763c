"""`porch check`."""

import sys
from pathlib import Path

from porch.config.check import check
from porch.config.load import load
from porch.manage.named_code import review_code

__all__ = ["check_file"]


def check_file(file: Path) -> int:
    """Print what is wrong, or that nothing is. Returns 0 or 1."""
    loaded = load(file)
    review_code(loaded)
    report = check(loaded)
    print(report.text, file=sys.stderr if report.failed else sys.stdout)
    return int(report.failed)
