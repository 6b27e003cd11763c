"""axe: what keeps people with other eyes, hands and ears from using a page, by npm's axe-core.

It needs npm (scripts/install-system); the version is that of its lock file.
"""

import shutil
import subprocess
from pathlib import Path
from typing import Any

__all__ = ["install", "violations"]

SOURCE = Path(__file__).parent / "axe"


def install(folder: Path) -> str:
    """Into a folder of its own, by the hashes of the lock file. Returns its script."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(SOURCE / name, folder / name)
    words = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run(words, cwd=folder, check=True, timeout=300, capture_output=True)
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Any, script: str) -> list[str]:
    """What is wrong with what a page of playwright shows now, one line each."""
    page.evaluate(script)
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']}: {each['help']}: {node['target']} {node['html'][:120]}"
        for each in found["violations"]
        for node in each["nodes"]
    ]
