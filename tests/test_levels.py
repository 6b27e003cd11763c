"""Who may import whom. The table of the design, read from the imports themselves.

Imports inside functions count like all others. What stands under `if TYPE_CHECKING` may also
point at another part of the same level where that level's parts know each other.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src"

LEVELS = {
    **dict.fromkeys(("errors", "clock", "crowd", "debug", "ip", "outbox", "tls"), 0),
    **dict.fromkeys(("shared", "version"), 0),
    **dict.fromkeys(("http",), 1),
    **dict.fromkeys(("between", "client", "filter", "identity", "keeper", "nobody", "route"), 2),
    **dict.fromkeys(("cut", "interim", "made", "overdue", "reader", "silence", "trace"), 2),
    **dict.fromkeys(("failing", "transform", "exchange"), 2),
    **dict.fromkeys(("balance", "certs", "forward", "listen"), 3),
    **dict.fromkeys(("shield", "cache", "compress", "buffer", "grpc", "serve", "observe"), 4),
    **dict.fromkeys(("config",), 5),
    **dict.fromkeys(("manage", "cli"), 6),
    **dict.fromkeys(("__init__", "__main__"), 7),
}

KNOWN_ORDER = [
    ["errors", "clock", "debug", "ip", "outbox", "shared", "crowd", "tls", "version"],
    [
        "filter",
        "identity",
        "keeper",
        "nobody",
        "route",
        "silence",
        "trace",
        "cut",
        "failing",
        "interim",
        "made",
        "overdue",
        "reader",
        "transform",
        "between",
        "exchange",
    ],
    ["manage", "cli"],
    ["__init__", "__main__"],
]
"""Parts of one level that may know each other: the later imports the earlier. Under
TYPE_CHECKING the order does not matter. Every other level keeps its parts apart."""

MODULES = {
    "asyncio": {"http": "the codec is sans-IO"},
    "uvloop": {"http": "the codec is sans-IO"},
    "ssl": {"http": "the codec is sans-IO"},
    "socket": dict.fromkeys(
        [part for part, level in LEVELS.items() if level in (1, 2, 4) and part != "observe"]
        + ["balance"],
        "only listen/ and forward/ have sockets, and observe/ for syslog and journald",
    ),
    "ngh2": dict.fromkeys(set(LEVELS) - {"http"}, "only the codecs in http/ do"),
    "logging": dict.fromkeys(
        set(LEVELS) - {"observe", "manage"}, "only observe/ and manage/ write logs"
    ),
}
"""Module -> the parts that must not import it, and why."""

CLOCKS = {"time", "monotonic", "perf_counter", "clock_gettime"}
CLOCKS |= {f"{name}_ns" for name in CLOCKS}
TASKS = {"create_task", "ensure_future", "TaskGroup", "timeout", "timeout_at", "wait_for"}
TASKS_ALLOWED = ("forward/client", "forward/dial", "forward/pool", "forward/resolve")
"""Dialling waits as a task, and so do what Porch itself asks and user code. Nothing else below
level 5: a plain exchange has none, and deadlines are numbers that clock.Deadlines looks at."""
EXTRAS = {"observe/otlp_spans.py": "opentelemetry"}
"""Modules that are imported only where an extra is installed."""
LOADERS = ("config", "cli", "manage")
"""Parts that may import by a name made at run time."""


def part_of(path: str) -> str:
    """The part that a file under porch/ belongs to: `http/h1.py` -> http, `clock.py` -> clock."""
    return path.removesuffix(".py").split("/")[0]


def violations(path: str, source: str) -> list[str]:
    """What `source`, the file at `path` under porch/, does that its place does not allow."""
    tree = ast.parse(source)
    part = part_of(path)
    if part not in LEVELS:
        return [f"{path}: '{part}' has no level; write it into LEVELS"]
    found = [
        *_imports(part, tree),
        *(_clocks(tree) if part != "clock" else ()),
        *(_tasks(tree) if LEVELS[part] < 5 and not path.startswith(TASKS_ALLOWED) else ()),
        *(_loading(tree) if part not in LOADERS else ()),
    ]
    return [f"{path}:{line}: {what}" for line, what in sorted(found)]


def _imports(part: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    typing_only = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and ast.unparse(branch.test).endswith("TYPE_CHECKING")
        for statement in branch.body
        for node in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        if isinstance(node, ast.ImportFrom) and node.level:
            yield node.lineno, "write the import in full: porch. ..."
            continue
        for name in _names(node):
            why = MODULES.get(name.split(".")[0], {}).get(part)
            if why:
                yield node.lineno, f"{part} must not import {name}: {why}"
            if name.split(".")[0] == "porch":
                target = name.partition(".")[2].split(".")[0] or "__init__"
                if not _may_import(part, target, typing_only=id(node) in typing_only):
                    yield node.lineno, _refusal(part, target)


def _names(node: ast.Import | ast.ImportFrom) -> list[str]:
    """What an import statement names; `from porch import x` names porch.x."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if node.module == "porch":
        return [f"porch.{alias.name}" for alias in node.names]
    return [node.module or ""]


def _may_import(part: str, target: str, *, typing_only: bool) -> bool:
    if target not in LEVELS:
        return False
    if part == target or LEVELS[target] < LEVELS[part]:
        return True
    for order in KNOWN_ORDER:
        if part in order and target in order:
            return typing_only or order.index(target) < order.index(part)
    return False


def _refusal(part: str, target: str) -> str:
    if target not in LEVELS:
        return f"import '{target}' from the module that defines it, not from porch itself"
    return f"{part} (level {LEVELS[part]}) must not import {target} (level {LEVELS[target]})"


def _clocks(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            read = {alias.name for alias in node.names} & CLOCKS
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module, name = node.value.id, node.attr
            reads_date = module in ("datetime", "date") and name in ("now", "utcnow", "today")
            read = {name} if reads_date or (module == "time" and name in CLOCKS) else set()
        else:
            continue
        for name in sorted(read):
            yield node.lineno, f"reads a clock ({name}); ask porch.clock, which tests can turn"


def _tasks(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "asyncio":
            used = {alias.name for alias in node.names} & TASKS
        elif isinstance(node, ast.Attribute) and node.attr in TASKS:
            on_asyncio = isinstance(node.value, ast.Name) and node.value.id == "asyncio"
            used = {node.attr} if on_asyncio or node.attr == "create_task" else set()
        else:
            continue
        for name in sorted(used):
            yield node.lineno, f"uses {name}; below level 5 only {', '.join(TASKS_ALLOWED)} may"


def _loading(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute | ast.Name):
            continue
        name = node.attr if isinstance(node, ast.Attribute) else node.id
        if name in ("import_module", "__import__"):
            yield node.lineno, f"uses {name}; only {', '.join(LOADERS)} load by name"


def sources() -> dict[str, str]:
    """Every file under porch/, by its path there."""
    root = SOURCE / "porch"
    return {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(root.rglob("*.py"))
    }


def test_every_import_points_downwards() -> None:
    found = [each for path, source in sources().items() for each in violations(path, source)]
    assert not found, "\n" + "\n".join(found)


TYPING = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    "


@pytest.mark.parametrize(
    ("path", "source", "what"),
    [
        ("http/h1.py", "import asyncio", "asyncio: the codec is sans-IO"),
        ("http/h1.py", "from asyncio import Event", "asyncio: the codec is sans-IO"),
        ("http/h1.py", "def f():\n    import asyncio.streams", "sans-IO"),
        ("http/h1.py", "from porch.exchange import Exchange", "http (level 1)"),
        ("http/h1.py", TYPING + "from porch.exchange import Exchange", "exchange (level 2)"),
        ("http/h1.py", "import porch.exchange", "exchange (level 2)"),
        ("http/h1.py", "from porch import exchange", "exchange (level 2)"),
        ("clock.py", "from porch.http.message import Field", "http (level 1)"),
        ("errors.py", "from porch import clock", "clock (level 0)"),
        ("filter.py", "from porch.exchange import Exchange", "exchange (level 2)"),
        ("route/plan.py", "from porch.exchange import Exchange", "exchange (level 2)"),
        ("listen/h1.py", "from porch.forward.pool import Pool", "forward (level 3)"),
        ("listen/h1.py", TYPING + "from porch.forward.pool import Pool", "forward (level 3)"),
        ("forward/pool.py", "def f():\n    import porch.balance.upstream", "balance (level 3)"),
        ("cache/key.py", "from porch.shield.rate import RateLimit", "shield (level 4)"),
        ("cache/key.py", "from porch.config.schema import Config", "config (level 5)"),
        ("manage/worker.py", "from porch.cli import main", "cli (level 6)"),
        ("cli/run.py", "from porch import Config", "import 'Config' from the module"),
        ("cli/run.py", "import porch", "__init__ (level 7)"),
        ("http/h1.py", "from . import chunked", "write the import in full"),
        ("helpers/text.py", "", "'helpers' has no level"),
        ("http/h1.py", "import time\nx = time.time()", "reads a clock (time)"),
        ("exchange.py", "import time\nx = time.monotonic", "reads a clock (monotonic)"),
        ("cli/top.py", "from time import perf_counter_ns", "reads a clock (perf_counter_ns)"),
        ("observe/log.py", "from datetime import datetime\ndatetime.now()", "a clock (now)"),
        ("cache/key.py", "import logging", "logging: only observe/"),
        ("cli/run.py", "from logging import getLogger", "logging: only observe/"),
        ("listen/h1.py", "import asyncio\nasyncio.create_task(f())", "uses create_task"),
        ("forward/h1.py", "import asyncio\nl.create_task(f())", "uses create_task"),
        ("shield/auth.py", "from asyncio import timeout", "uses timeout"),
        ("balance/health.py", "import asyncio\nasyncio.wait_for(f(), 1)", "uses wait_for"),
        ("cache/store.py", "import socket", "only listen/ and forward/ have sockets"),
        ("route/route.py", "from importlib import import_module as m\nimport_module", "by name"),
        ("http/h1.py", "__import__('asyncio')", "load by name"),
    ],
)
def test_an_import_out_of_place_is_found(path: str, source: str, what: str) -> None:
    assert what in "\n".join(violations(path, source))


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("clock.py", "import time\nnow = time.monotonic()"),
        ("tls.py", "import ssl, socket\nfrom porch.errors import PorchError"),
        ("exchange.py", "from porch.filter import Response\nfrom porch.route.plan import Plan"),
        ("route/plan.py", TYPING + "from porch.exchange import Exchange"),
        ("http/h1.py", "from porch import clock, errors\nfrom porch.http.message import Field"),
        ("listen/h1.py", "import asyncio, socket\nfrom porch.exchange import Exchange"),
        ("forward/pool.py", "import asyncio\nasyncio.create_task(f())\nasyncio.timeout(1)"),
        ("listen/h1.py", "x = self.timeouts.timeout\ny = message.date\nz = clock.now"),
        ("config/build.py", "from importlib import import_module\nimport_module('porch.shield')"),
        ("manage/worker.py", "import asyncio, logging\nasyncio.create_task(f())"),
        ("cli/run.py", "from porch.manage.worker import run"),
        ("__init__.py", "from porch.config.schema import Config\nfrom porch.cli import main"),
    ],
)
def test_an_import_in_its_place_is_not_found(path: str, source: str) -> None:
    assert violations(path, source) == []


ALONE = """
import importlib, sys, traceback
failed = 0
for name in sys.argv[1:]:
    for loaded in [each for each in sys.modules if each.split(".")[0] == "porch"]:
        del sys.modules[loaded]
    try:
        importlib.import_module(name)
    except Exception:
        failed = 1
        print(name, "cannot be the first to be imported:", file=sys.stderr)
        traceback.print_exc(limit=-2)
sys.exit(failed)
"""


def import_each_alone(root: Path, names: list[str]) -> subprocess.CompletedProcess[str]:
    """Import each of `names`, found under `root`, as if nothing of Porch was imported before."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", ALONE, *names],
        env={"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def is_whole(path: str) -> bool:
    """Whether the extra that a module is for is installed."""
    return path not in EXTRAS or find_spec(EXTRAS[path]) is not None


@pytest.mark.timeout(900)  # 80 s of work, where nothing else runs
@pytest.mark.parametrize("part", range(4))
def test_each_module_can_be_the_first_to_be_imported(part: int) -> None:
    names = [
        "porch." + path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for path in sources()
        if path not in ("__init__.py", "__main__.py") and is_whole(path)
    ]
    done = import_each_alone(SOURCE, ["porch", *names][part::4])
    assert done.returncode == 0, done.stderr


def test_a_circle_of_imports_is_found(tmp_path: Path) -> None:
    porch = tmp_path / "porch"
    porch.mkdir()
    (porch / "__init__.py").touch()
    (porch / "one.py").write_text("from porch.two import b\na = 1\n", encoding="utf-8")
    (porch / "two.py").write_text("b = 1\nfrom porch.one import a\n", encoding="utf-8")

    done = import_each_alone(tmp_path, ["porch.one", "porch.two"])

    assert done.returncode == 1
    assert "porch.one cannot be the first to be imported" in done.stderr
    assert "porch.two cannot be" not in done.stderr
