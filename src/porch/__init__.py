"""Porch: the smart front door for your servers.

    import porch

    config = porch.Config(routes={"example.com": "127.0.0.1:3000"})
    porch.run(config)

The words are those of `porch.toml`.
"""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from porch.balance.discover.found import Found
    from porch.config.loaded import Loaded

__all__ = ["Config", "ConfigurationError", "Found", "__version__", "purge", "run"]

__version__: str


class ConfigurationError(ValueError):
    """A configuration that cannot be used; the text has every problem."""


class Config:
    """A configuration in Python, with the words of the file.

    Config(routes={...}, listen=[...]) or Config.read("porch.toml"). Nothing is read or checked
    until `check` or `run`.
    """

    def __init__(self, **words: Any) -> None:
        self._words = words
        self._file: Path | None = None

    @classmethod
    def read(cls, file: "str | os.PathLike[str]") -> "Config":
        """The configuration of a file, which is read again at each reload."""
        from pathlib import Path

        config = cls()
        config._file = Path(file)
        return config

    def __repr__(self) -> str:
        if self._file is not None:
            return f"<Config {self._file}>"
        return f"<Config {', '.join(sorted(self._words)) or 'empty'}>"

    def check(self) -> None:
        """Raise ConfigurationError with every problem, if there is an error."""
        from porch.config.check import check

        report = check(self._load())
        if report.failed:
            raise ConfigurationError(report.text)

    def _load(self) -> "Loaded":
        from porch.config.load import load, load_mapping

        return load(self._file) if self._file is not None else load_mapping(self._words)


def run(config: Config) -> int:
    """Serve until stopped, in the main thread. Returns the exit code.

    Raises ConfigurationError. What else stands in the way, such as a port in use, is said on
    stderr, with exit code 1.
    """
    config.check()
    from porch.cli.run import run_loaded

    return run_loaded(config._load, control=config._file)


def purge(
    *urls: str,
    hosts: "str | Sequence[str]" = (),
    tags: "str | Sequence[str]" = (),
    everything: bool = False,
    soft: bool = False,
    config: "str | os.PathLike[str]" = "porch.toml",
) -> list[str]:
    """Have a running door keep answers no longer; what was purged, in words. In force in all its
    workers when this returns: a few milliseconds, in which it blocks.

    urls: "https://example.com/x", or all that begin with "https://example.com/blog/*". hosts: all
    of each. tags: all that carry one. soft: only make them stale. config: the file of the door.
    Raises ValueError for what is no URL, host or tag, and RuntimeError with what the door says or
    why it says nothing.
    """
    from pathlib import Path

    from porch.cache.named import named_in
    from porch.manage.control.client import NotRunning, ask

    hosts, tags = ([each] if isinstance(each, str) else [*each] for each in (hosts, tags))
    said = {"urls": [*urls], "hosts": hosts, "tags": tags, "all": everything}
    named_in(said)
    try:
        answer = ask(Path(config), "purge", said | {"soft": soft})
    except (NotRunning, OSError) as error:
        raise RuntimeError(f"nothing was purged: {error}") from error
    if "error" in answer:
        raise RuntimeError(str(answer["error"]).removeprefix("porch: "))
    purged = answer["purged softly" if soft else "purged"]
    assert isinstance(purged, list)
    return purged


def __getattr__(name: str) -> object:
    """`__version__`, read when it is asked for, and what a module that imports `porch` seldom
    wants."""
    if name == "Found":
        from porch.balance.discover.found import Found

        return Found
    if name != "__version__":
        raise AttributeError(f"module 'porch' has no attribute {name!r}")
    from porch.version import installed_version

    return installed_version()
