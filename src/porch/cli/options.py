"""Options that several commands have, each spelled alike everywhere."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["DEFAULT", "AsJson", "Config", "File"]

File = Annotated[Path, typer.Argument(help="The configuration.", metavar="[FILE]")]
Config = Annotated[Path, typer.Option("--config", help="The configuration.", metavar="FILE")]
DEFAULT = Path("porch.toml")
"""The configuration where nobody names one."""
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
