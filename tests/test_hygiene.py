"""The repository works anywhere: no file names a package registry or a place on one machine."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Written so that the patterns don't match themselves.
REGISTRY = re.compile(
    r"pypi[.]org|pythonhosted[.]org|npmjs[.](?:org|com)|deb[.]debian[.]org|debian[.]org/debian"
    r"|crates[.]io|proxy[.]golang[.]org|rubygems[.]org|--(?:extra-)?index[-]url|--find[-]links",
    re.IGNORECASE,
)
MACHINE = re.compile(r"(?<![\w.*:/-])/(?:work|root|opt/wheels|home/[a-z]\w*|Users/\w+)[/]")


def violations(path: str, text: str) -> list[str]:
    """The lines of `text`, the file at `path`, that belong to one place."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, what in ((REGISTRY, "a package registry"), (MACHINE, "one machine's path")):
            match = pattern.search(line)
            if match:
                found.append(f"{path}:{number}: names {what}: {match[0]}")
    return found


def files() -> list[Path]:
    """Every file that is, or would be, in the repository."""
    git = ["git", "-c", "safe.directory=*"]  # the checkout may be another user's
    listed = subprocess.run(
        [*git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = [ROOT / name.decode() for name in listed.stdout.split(b"\0") if name]
    return [path for path in paths if path.is_file()]


def test_no_file_belongs_to_one_machine() -> None:
    checked = files()
    assert Path(__file__) in checked
    found = [
        each
        for path in checked
        for each in violations(
            path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8", errors="replace")
        )
    ]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    "line",
    [
        "pip install -i https://" + "pypi" + ".org/simple porch",
        "    # from https://files." + "PythonHosted" + ".org/packages/",
        "--index" + "-url https://mirror.test/simple",
        "cd /" + "work/main",
        'CONFIG = "/' + 'root/porch.toml"',
        "run `/" + "home/ann/porch/.venv/bin/porch`",
    ],
)
def test_what_belongs_to_one_machine_is_found(line: str) -> None:
    assert violations("docs/a.md", "first\n" + line) != []


@pytest.mark.parametrize(
    "line",
    ["pip install porch", "/srv/www/", "./work/x", "example.com/work/x", "~/root", "networks/a"],
)
def test_what_is_true_anywhere_is_not_found(line: str) -> None:
    assert violations("docs/a.md", line) == []
