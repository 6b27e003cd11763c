"""Diagnosis: all that `porch doctor` looks at, in the order in which it is told."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from porch.config.build import Built
from porch.config.check import examine
from porch.config.load import load
from porch.config.loaded import Loaded
from porch.config.state import State
from porch.manage.control.client import NotRunning, ask
from porch.manage.doctor.admin import check_admin
from porch.manage.doctor.build import check_interpreter, check_libraries, check_versions
from porch.manage.doctor.certificates import check_certificates
from porch.manage.doctor.clock import check_clock
from porch.manage.doctor.door import check_changes, check_endpoints, check_workers
from porch.manage.doctor.examination import examination
from porch.manage.doctor.files import check_cache, check_files, check_logs, check_store, check_user
from porch.manage.doctor.limits import check_cores, check_descriptors, check_memory, check_queue
from porch.manage.doctor.names import check_endpoint_names, check_public_names
from porch.manage.doctor.patient import Check, Found, Patient, look, ok, wrong
from porch.manage.doctor.ports import check_ports
from porch.manage.named_code import review_code

__all__ = ["CHECKS", "diagnosis"]

PATIENCE = 5.0
"""Seconds that the door has to answer: its supervisor may read a large file."""

CHECKS: tuple[tuple[str, Check], ...] = (
    ("door", check_workers),
    ("reload", check_changes),
    ("endpoints", check_endpoints),
    ("ports", check_ports),
    ("admin", check_admin),
    ("certificates", check_certificates),
    ("store", check_store),
    ("user", check_user),
    ("files", check_files),
    ("logs", check_logs),
    ("cache", check_cache),
    ("DNS of endpoints", check_endpoint_names),
    ("DNS of sites", check_public_names),
    ("open files", check_descriptors),
    ("waiting clients", check_queue),
    ("workers", check_cores),
    ("memory", check_memory),
    ("clock", check_clock),
    ("interpreter", check_interpreter),
    ("libraries", check_libraries),
    ("version", check_versions),
)
"""What is looked at, in words, and by what."""


def diagnosis(config: Path) -> Iterator[Found]:
    """All that is found about the door of a file, whether it runs or not. Raises nothing.

    Loading the file takes as long as it takes `porch check`; each look has two seconds.
    """
    loaded, built, about = _configuration(config)
    status, silence = _status(config)
    yield about
    if silence is not None:
        yield silence
    patient = Patient(
        config=config,
        loaded=loaded if built is not None else None,
        built=built,
        status=status,
    )
    yield from examination(patient, CHECKS)


def _configuration(config: Path) -> tuple[Loaded | None, Built | None, Found]:
    name = "configuration"
    if not _is_there(config):
        return (
            None,
            None,
            wrong(
                name,
                f"{config} does not exist; name the file of the door with --config, write one"
                " (README.md), or run without: porch :8080=localhost:3000",
            ),
        )
    loaded = load(config)
    review_code(loaded)
    built = examine(loaded, State())
    errors = [each for each in loaded.problems if each.is_error]
    if built is None or errors:
        first = f" ({errors[0].text})" if errors else ""
        return (
            loaded,
            None,
            wrong(
                name,
                f"{config} cannot be used: {len(errors)} error{'s' * (len(errors) != 1)}{first};"
                f" porch check {config} lists all. What it asks for was not looked at",
            ),
        )
    if loaded.problems:
        count = len(loaded.problems)
        return (
            loaded,
            built,
            look(
                name,
                f"{config} can be used, with {count} warning{'s' * (count != 1)}; porch check"
                f" {config} lists them",
            ),
        )
    count = len(built.entries)
    return loaded, built, ok(name, f"{config}, {count} route{'s' * (count != 1)}")


def _is_there(file: Path) -> bool:
    try:
        return file.exists()
    except PermissionError:  # who loads it says so
        return True


def _status(config: Path) -> tuple[Mapping[str, Any] | None, Found | None]:
    """What the door says, and that it says nothing."""
    try:
        answer = ask(config, "status", patience=PATIENCE)
    except NotRunning:
        return None, None
    except OSError as error:
        return None, wrong(
            "door",
            f"it does not answer: {error.strerror or error}; ask as the user who runs it, or"
            " as root. If it hangs, kill -9 of its process and porch run begin anew",
        )
    return (answer, None) if "error" not in answer else (None, wrong("door", str(answer["error"])))
