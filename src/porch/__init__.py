"""Porch: the smart front door for your servers.

    import porch

    config = porch.Config(routes={"example.com": "127.0.0.1:3000"})
    porch.run(config)

The words are those of `porch.toml`.
"""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

__all__ = ["Config", "ConfigurationError", "__version__", "run"]

try:
    __version__ = version("porch")
except PackageNotFoundError:  # a checkout on the path, not installed
    __version__ = "0.1.0.dev0"


class ConfigurationError(ValueError):
    """A configuration that cannot be used; the text has every problem."""


class Config:
    """A configuration in Python, with the words of the file.

    Config(routes={...}, listen=[...]) or Config.read("porch.toml"). Nothing is checked until
    `check` or `run`.
    """

    def __init__(self, **words: Any) -> None:
        self._words = words
        self._file: Any | None = None

    @classmethod
    def read(cls, file: Any) -> "Config":
        """The configuration of a file, to be reloaded from it."""
        config = cls()
        config._file = file
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

    def _load(self) -> Any:
        from pathlib import Path

        from porch.config.load import load, load_mapping

        return load(Path(self._file)) if self._file is not None else load_mapping(self._words)


def run(config: Config) -> int:
    """Serve until stopped. Returns the exit code; raises ConfigurationError."""
    config.check()
    from porch.cli.run import run_loaded

    return run_loaded(config._load)
