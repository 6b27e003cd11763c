"""The words of `porch certs`."""

from typing import Annotated

import typer

from porch.cli.options import DEFAULT, AsJson, Config

__all__ = ["certs"]

certs = typer.Typer(help="How the certificates are; what stands in the way of one; a new one.")
Name = Annotated[str, typer.Argument(help="A host, as a route has it.")]


@certs.callback(invoke_without_command=True)
def _certs(context: typer.Context, config: Config = DEFAULT, json: AsJson = False) -> int:
    if context.invoked_subcommand is not None:
        # `porch certs --config FILE check NAME` means the same as with the option behind.
        given = {"config": str(config), "json": json}
        context.default_map = {context.invoked_subcommand: given}
        return 0
    from porch.cli.certs import show_certs

    return show_certs(config, as_json=json)


@certs.command("check")
def check_certificate(name: Name, config: Config = DEFAULT, json: AsJson = False) -> int:
    """Look at DNS, ports, CAA and limits before a certificate is asked for."""
    from porch.cli.certs import check_name

    return check_name(config, name, as_json=json)


@certs.command("renew")
def renew_certificate(name: Name, config: Config = DEFAULT) -> int:
    """Get a new certificate now."""
    from porch.cli.certs import renew_name

    return renew_name(config, name)
