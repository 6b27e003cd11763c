"""The words of `porch`, as typer sees them. What they do is in the file of the same name."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from porch.cli.commands_certs import certs
from porch.cli.options import DEFAULT, AsJson, Config, File

__all__ = ["app", "usage_error"]

app = typer.Typer(
    name="porch",
    help="The smart front door for your servers.  `porch :8080=localhost:3000` needs no file.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def _top(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> int:
    if version:
        from porch.version import installed_version

        print(f"porch {installed_version()}")
        raise typer.Exit(0)
    if context.invoked_subcommand is None:
        print(context.get_help())
        raise typer.Exit(2)
    return 0


@app.command()
def run(file: File = DEFAULT) -> int:
    """Serve until stopped."""
    from porch.cli.run import run_file

    return run_file(file)


@app.command()
def check(file: File = DEFAULT) -> int:
    """Say all that is wrong with a configuration, and run its [[expect]] rows."""
    from porch.cli.check import check_file

    return check_file(file)


@app.command()
def explain(
    method: Annotated[str, typer.Argument(help="GET, POST, …")],
    url: Annotated[str, typer.Argument(help="The URL as a client would ask for it.")],
    config: Config = DEFAULT,
    header: Annotated[
        list[str] | None, typer.Option("-H", "--header", help="'Name: value', repeatable.")
    ] = None,
    client: Annotated[str, typer.Option(help="The client's address.")] = "192.0.2.1",
    client_cert: Annotated[
        Path | None, typer.Option(help="A PEM file with the certificate that the client shows.")
    ] = None,
    file_only: Annotated[
        bool, typer.Option("--file-only", help="Ask no door, if one runs with it.")
    ] = False,
    json: AsJson = False,
) -> int:
    """Show the route of a request, why it won, what is sent, and to whom it would go now."""
    from porch.cli.explain import explain_request

    return explain_request(
        config,
        method,
        url,
        header or [],
        client,
        client_cert,
        file_only=file_only,
        as_json=json,
    )


@app.command()
def schema() -> int:
    """Print the JSON Schema of the configuration, for editors."""
    from porch.cli.schema import print_schema

    return print_schema()


@app.command()
def demo() -> int:
    """Start three backends and a door before them, and show what to try."""
    from porch.cli.demo import demo as start

    return start()


@app.command()
def reload(
    config: Config = DEFAULT,
    diff: Annotated[
        bool, typer.Option("--diff", help="Only say what would change, in words.")
    ] = False,
) -> int:
    """Have a running door load its file again. A bad file changes nothing."""
    return _ask(config, "diff" if diff else "reload")


@app.command()
def rollback(config: Config = DEFAULT) -> int:
    """Have a running door go back to the configuration before the one that runs."""
    return _ask(config, "rollback")


@app.command()
def upgrade(config: Config = DEFAULT) -> int:
    """Have a running door become the version that is installed now. Nothing is closed."""
    return _ask(config, "upgrade")


@app.command()
def stop(config: Config = DEFAULT) -> int:
    """Have a running door finish what runs and end."""
    return _ask(config, "stop")


@app.command()
def status(
    config: Config = DEFAULT,
    json: AsJson = False,
) -> int:
    """Show what a running door does."""
    from porch.cli.status import show_status

    return show_status(config, as_json=json)


@app.command()
def doctor(
    config: Config = DEFAULT,
    json: AsJson = False,
) -> int:
    """Look the door and its machine over; say what is wrong and what to do."""
    from porch.cli.doctor import show_doctor

    return show_doctor(config, as_json=json)


@app.command()
def trace(
    wanted: Annotated[
        str, typer.Argument(metavar="ID|last-error", help="The X-Request-ID of an answer.")
    ],
    config: Config = DEFAULT,
    json: AsJson = False,
) -> int:
    """Show what happened to one request, step by step."""
    from porch.cli.trace import show_trace

    return show_trace(config, wanted, as_json=json)


@app.command()
def audit(
    config: Config = DEFAULT,
    since: Annotated[str, typer.Option(help="Such as 2h, or 2026-11-29T15:00 (UTC).")] = "",
    who: Annotated[str, typer.Option(help="By whom; * stands for anything.")] = "",
    what: Annotated[str, typer.Option(help="drain, reload, …; * stands for anything.")] = "",
    count: Annotated[int, typer.Option("-n", "--count", min=0, help="The last ones.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="As JSON, a line each.")] = False,
) -> int:
    """Show who has changed what of a door, whether it runs or not."""
    from porch.cli.audit import Wanted, show_audit, since_of

    try:
        wanted = Wanted(since=since_of(since), who=who, what=what, count=count)
    except ValueError as error:
        print(f"porch: {error}", file=sys.stderr)
        return 2
    return show_audit(config, wanted, as_json=json)


@app.command()
def tail(
    config: Config = DEFAULT,
    route: Annotated[str, typer.Option(help="Of this route only; * stands for anything.")] = "",
    host: Annotated[str, typer.Option(help="Asked of this host; * for anything.")] = "",
    path: Annotated[str, typer.Option(help="With this path; * for anything.")] = "",
    endpoint: Annotated[str, typer.Option(help="Answered by this one; * for anything.")] = "",
    method: Annotated[str, typer.Option(help="GET, POST, …")] = "",
    user: Annotated[str, typer.Option(help="Whom `auth` has let in by this name.")] = "",
    status: Annotated[str, typer.Option(help="404, 5xx, or error for what failed.")] = "",
    slower: Annotated[str, typer.Option(help="That took as long, such as 500ms.")] = "",
    client: Annotated[str, typer.Option(help="From this address or network.")] = "",
    where: Annotated[str, typer.Option(help="Such as 'status >= 500 and total_ms > 100'.")] = "",
    count: Annotated[int, typer.Option("-n", "--count", min=0, help="Ends after so many.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="As JSON, a line each.")] = False,
) -> int:
    """Show each request of a running door as it ends, until Ctrl-C."""
    from porch.cli.tail import tail as follow
    from porch.cli.tail import wanted

    try:
        which = wanted(
            slower,
            status,
            where,
            route=route,
            host=host,
            path=path,
            endpoint=endpoint,
            method=method,
            user=user,
            client=client,
        )
    except ValueError as error:
        print(f"porch: {error}", file=sys.stderr)
        return 2
    return follow(config, which, as_json=json, most=count)


@app.command()
def top(
    config: Config = DEFAULT,
    every: Annotated[float, typer.Option(min=0.2, max=60, help="Seconds between two looks.")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Show one look and end.")] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON, a line each look.")] = False,
) -> int:
    """Show who is busy and who is slow in a running door, until Ctrl-C."""
    from porch.cli.top import show_top

    return show_top(config, every, once=once, as_json=json)


Endpoint = Annotated[
    str, typer.Argument(help="An address, or a pool and an address: api/10.0.0.1:8000.")
]
AllPools = Annotated[bool, typer.Option("--all-pools", help="In every pool that has the address.")]
RouteKey = Annotated[str, typer.Argument(metavar="ROUTE", help="Its key, as the file has it.")]


@app.command()
def drain(
    endpoint: Endpoint,
    config: Config = DEFAULT,
    wait: Annotated[
        bool, typer.Option("--wait", help="Return when nothing runs there any more.")
    ] = False,
    within: Annotated[str, typer.Option(help="How long --wait waits; 1 behind it.")] = "5m",
    all_pools: AllPools = False,
) -> int:
    """Send an endpoint nothing new, until `undrain`; what runs there is finished."""
    from porch.cli.orders import drain as order

    return order(config, endpoint, within if wait else None, all_pools=all_pools)


@app.command()
def undrain(endpoint: Endpoint, config: Config = DEFAULT, all_pools: AllPools = False) -> int:
    """Use a drained endpoint again."""
    from porch.cli.orders import undrain as order

    return order(config, endpoint, all_pools=all_pools)


@app.command()
def weight(
    endpoint: Endpoint,
    number: Annotated[str, typer.Argument(metavar="N", help="0 to 1000, or 'file'.")],
    config: Config = DEFAULT,
    all_pools: AllPools = False,
) -> int:
    """Give an endpoint another weight than the file does; `file` for that again."""
    from porch.cli.orders import weight as order

    return order(config, endpoint, number, all_pools=all_pools)


@app.command()
def maintenance(
    route: RouteKey,
    state: Annotated[str, typer.Argument(metavar="on|off", help="on closes the route.")],
    config: Config = DEFAULT,
    page: Annotated[Path | None, typer.Option(help="An HTML file that is shown.")] = None,
    retry_after: Annotated[
        str, typer.Option(help="When clients should come again; 10m, or as --for says.")
    ] = "",
    for_: Annotated[str, typer.Option("--for", help="Opens again by itself after so long.")] = "",
    allow: Annotated[
        list[str] | None, typer.Option(help="A network that is let through, repeatable.")
    ] = None,
) -> int:
    """Answer 503 on a route, but for some, without a reload."""
    from porch.cli.orders import maintenance as order

    return order(config, route, state, page, (retry_after, for_), allow or [])


@app.command()
def canary(
    route: RouteKey,
    state: Annotated[str, typer.Argument(metavar="on|off", help="off takes it back.")],
    config: Config = DEFAULT,
) -> int:
    """Take the canary of a route back, or let it have its share again."""
    from porch.cli.orders import canary as order

    return order(config, route, state)


@app.command("log-level")
def log_level(
    level: Annotated[str, typer.Argument(metavar="debug|normal", help="debug says more.")],
    config: Config = DEFAULT,
    for_: Annotated[
        str, typer.Option("--for", help="Normal again by itself after so long; an hour at most.")
    ] = "5m",
) -> int:
    """Have all workers say more in their messages, for some minutes."""
    from porch.cli.orders import log_level as order

    return order(config, level, for_)


@app.command()
def capture(
    client: Annotated[
        str, typer.Argument(metavar="[CLIENT]", help="Its address; none follows the one that runs.")
    ] = "",
    config: Config = DEFAULT,
    for_: Annotated[
        str, typer.Option("--for", help="Ends by itself after so long; 10m at most.")
    ] = "10m",
    route: Annotated[str, typer.Option(help="Of this route only; its key.")] = "",
    end: Annotated[bool, typer.Option("--end", help="End the one that runs.")] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON, a line each.")] = False,
) -> int:
    """Show the heads that one client, the door and the origin send, until Ctrl-C."""
    from porch.cli.capture import capture as follow
    from porch.cli.capture import end_capture

    if end:
        return end_capture(config)
    return follow(config, client, for_, route, as_json=json)


@app.command()
def purge(
    urls: Annotated[
        list[str] | None,
        typer.Argument(metavar="[URL|PREFIX*]...", help="https://example.com/blog/*, in quotes."),
    ] = None,
    config: Config = DEFAULT,
    host: Annotated[
        list[str] | None, typer.Option(help="All of a host, of every port; repeatable.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(help="All that carry a tag; repeatable.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that is kept.")] = False,
    soft: Annotated[
        bool, typer.Option("--soft", help="Only make it stale: it is asked for again.")
    ] = False,
) -> int:
    """Keep answers no longer. Returns when it is in force in all workers."""
    from porch.cli.purge import purge_named

    return purge_named(config, urls or [], host or [], tag or [], everything=everything, soft=soft)


@app.command()
def cache(
    config: Config = DEFAULT,
    json: AsJson = False,
) -> int:
    """Show what is kept, how often that was of use, and why it was not."""
    from porch.cli.cache import show_cache

    return show_cache(config, as_json=json)


@app.command()
def networks(
    name: Annotated[str, typer.Argument(help="cloudflare, cloudfront or fastly.")],
    config: Config = DEFAULT,
    from_: Annotated[
        list[str] | None,
        typer.Option("--from", metavar="FILE|URL", help="In place of what the CDN publishes."),
    ] = None,
) -> int:
    """Write the networks of a CDN into the file that `trust` and `allow` read by its name."""
    from porch.cli.networks import update_networks

    return update_networks(config, name, from_ or [])


@app.command()
def password() -> int:
    """Print the hash of a password, for `basic` of `auth`; it is asked for, or read from stdin."""
    from porch.cli.password import hash_password

    return hash_password()


keys = typer.Typer(help="API keys, for `keys` of `auth`.", no_args_is_help=True)
app.add_typer(keys, name="key")


@keys.command("new")
def new_key(
    name: Annotated[str, typer.Argument(help="For whom it is, as the log names it.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="What it is for, for `require`; repeatable.")
    ] = None,
) -> int:
    """Make a key, and print it and its hash."""
    from porch.cli.key import make_key

    return make_key(name, scope or [])


@keys.callback()
def _keys() -> None:
    """One word more is needed."""


Root = Annotated[
    Path | None,
    typer.Option("--root", help="A root's PEM file, in place of the one in the store."),
]


BrowsersOnly = Annotated[
    bool,
    typer.Option(
        "--browsers-only", help="Leave the system out: no rights of root, this user alone."
    ),
]


@app.command()
def trust(config: Config = DEFAULT, root: Root = None, browsers_only: BrowsersOnly = False) -> int:
    """Have this machine and its browsers believe the door's own authority."""
    from porch.cli.trust import trust_root

    return trust_root(config, root, is_wanted=True, has_system=not browsers_only)


@app.command()
def untrust(
    config: Config = DEFAULT, root: Root = None, browsers_only: BrowsersOnly = False
) -> int:
    """Have them believe it no more."""
    from porch.cli.trust import trust_root

    return trust_root(config, root, is_wanted=False, has_system=not browsers_only)


app.add_typer(certs, name="certs")


def _ask(config: Path, command: str) -> int:
    from porch.cli.ask import ask_door

    return ask_door(config, command)


def usage_error(error: Exception) -> int:
    """Say what was wrong with the words; 2. Anything but a usage error is raised again."""
    if isinstance(error, typer.Abort):
        return 130
    # typer shows the base of its usage errors under no public name; this is what they share.
    words = getattr(error, "format_message", None)
    if words is None:
        raise error
    said = words()
    context: Any = getattr(error, "ctx", None)
    params = context.command.params if context is not None else ()
    if "extra argument" in said and any("--config" in each.opts for each in params):
        said += f"; the file of the door is an option: porch {context.info_name} --config FILE"
    print(f"porch: {said} (porch --help lists the commands)", file=sys.stderr)
    return 2
