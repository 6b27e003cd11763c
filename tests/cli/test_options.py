"""Options that several commands share."""

import typer

from porch.cli.commands import app
from porch.cli.options import DEFAULT


def test_whatever_speaks_to_a_door_names_its_file_alike() -> None:
    command = typer.main.get_command(app)
    assert isinstance(command, typer.core.TyperGroup)
    found = {
        name: each
        for name, made in command.commands.items()
        for each in made.params
        if "--config" in each.opts
    }
    assert {"reload", "status", "explain", "capture", "log-level", "certs"} <= {*found}
    assert {each.default for each in found.values()} == {DEFAULT}
