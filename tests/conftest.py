"""Rules for the whole test run: in CI and with --no-skips, a skipped test is a failure. And what
tests of several folders need."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

os.umask(0o027)  # keys that tests write are no business of everybody on this machine

settings.register_profile("porch", deadline=None, derandomize="CI" in os.environ, print_blob=True)
settings.register_profile("soak", parent=settings.get_profile("porch"), max_examples=20_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "porch"))


class NoSkips:
    """Turns a run that skipped something into one that failed, and says what was skipped."""

    def __init__(self) -> None:
        self.skipped: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self.skipped.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.skipped.append(report.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.skipped and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.skipped:
            terminalreporter.section("skipped, which counts as failed here", red=True)
            for nodeid in self.skipped:
                terminalreporter.line(nodeid)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--no-skips", action="store_true", help="a skipped test makes the run fail (always in CI)"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--no-skips") or os.environ.get("CI"):
        config.pluginmanager.register(NoSkips(), "no-skips")


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """$XDG_RUNTIME_DIR; short, for the path of a socket has 107 bytes at most."""
    with tempfile.TemporaryDirectory(prefix="porch") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield Path(folder)
