"""A configuration that is right, and more than a hundred ways in which operators break one.

`good` writes it; each Damage writes it again with one realistic mistake. For who adds one: the
mistake must make the configuration useless, and `words` are what its message cannot do without.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

__all__ = ["DAMAGES", "UNBINDABLE", "Damage", "good"]

AUTHORITY = trustme.CA()

TEXT = """\
listen = ["%(listen)s"]
include = ["sites/*.toml"]
grace = "30s"
trust = ["private"]
error_page = "error.html"

[timeouts]
connect = "2s"
idle = "60s"

[limits]
body = "10MB"

[headers]
request = { X-Door = "porch" }

[routes]
"shop.test" = "api"
"shop.test/images/*" = { to = "%(origin)s", strip = true }
"shop.test/old" = "redirect:https://shop.test/new"
'shop.test/~/user/(?P<id>[0-9]+)' = { to = "%(origin)s", rewrite = "/u/{id}" }
"POST shop.test/upload" = ["%(origin)s", { to = "127.0.0.1:3001", weight = 2 }]

[[routes."shop.test/beta/*"]]
when = { header = { x-beta = "1" } }
to = "%(origin)s"

[[routes."shop.test/beta/*"]]
to = "respond:404"

[site."shop.test"]
cert = "shop.pem"
key = "shop.key"

[pool.api]
servers = ["%(origin)s"]
balance = "least-requests"

[[expect]]
get = "http://shop.test/images/a.png"
route = "shop.test/images/*"
"""
INCLUDED = """\
[routes]
"blog.test" = "respond:404"
"""


def good(folder: Path, listen: str = "127.0.0.1:8080", origin: str = "127.0.0.1:3000") -> str:
    """Write porch.toml and its files into `folder`. Returns its text, which a Damage damages."""
    text = TEXT % {"listen": listen, "origin": origin}
    for name in ("shop", "other"):
        made = AUTHORITY.issue_cert(f"{name}.test")
        made.cert_chain_pems[0].write_to_path(folder / f"{name}.pem")
        made.private_key_pem.write_to_path(folder / f"{name}.key")
    (folder / "sites").mkdir(exist_ok=True)
    (folder / "sites" / "blog.toml").write_text(INCLUDED, encoding="utf-8")
    (folder / "error.html").unlink(missing_ok=True)
    (folder / "error.html").write_text("<h1>{{ status }}</h1>", encoding="utf-8")
    _write(folder, text)
    return text


Write = Callable[[Path, str], None]
"""(folder, the text that is right) -> the damage is on the disk."""


@dataclass(frozen=True, slots=True)
class Damage:
    """A mistake. name: what was done. words: essential in its message. write: does it.

    is_placed: whether the message names a line that was changed; else at least the file.
    """

    name: str
    words: tuple[str, ...]
    write: Write
    is_placed: bool = True

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def undo(folder: Path) -> None:
        """Take away what a damage left in the place of the file, or beside it. `good` then writes
        what was there."""
        file = folder / "porch.toml"
        if file.is_dir():
            file.rmdir()
        else:
            file.unlink(missing_ok=True)
        (folder / "sites" / "more.toml").unlink(missing_ok=True)


def _write(folder: Path, text: str) -> None:
    # What an editor does: a new file in the place of the old one.
    (folder / "porch.toml.new").write_text(text, encoding="utf-8", newline="")
    (folder / "porch.toml.new").replace(folder / "porch.toml")


def swap(old: str, new: str) -> Write:
    """Another text in one place."""

    def write(folder: Path, text: str) -> None:
        assert old in text, old
        _write(folder, text.replace(old, new, 1))

    return write


def before(more: str) -> Write:
    """More at the top."""
    return lambda folder, text: _write(folder, more + text)


def behind(more: str) -> Write:
    """More at the end."""
    return lambda folder, text: _write(folder, text + more)


def within(table: str, more: str) -> Write:
    """A line more behind the header of a table."""
    return swap(f"{table}\n", f"{table}\n{more}\n")


def until(end: str) -> Write:
    """Cut off behind `end`."""
    return lambda folder, text: _write(folder, text[: text.index(end) + len(end)])


def instead(text: str) -> Write:
    """All of it replaced."""
    return lambda folder, _: _write(folder, text)


def raw(change: Callable[[bytes], bytes]) -> Write:
    """Other bytes."""

    def write(folder: Path, text: str) -> None:
        (folder / "porch.toml").write_bytes(change(text.encode()))

    return write


def beside(name: str, content: str | bytes, change: Write | None = None) -> Write:
    """Another file with this content."""

    def write(folder: Path, text: str) -> None:
        data = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(data)
        if change is not None:
            change(folder, text)

    return write


def on_disk(change: Callable[[Path], object]) -> Write:
    """Something done to the folder."""
    return lambda folder, _: (change(folder), None)[1]


def _folder_instead(folder: Path) -> None:
    (folder / "porch.toml").unlink()
    (folder / "porch.toml").mkdir()


def _link_to_itself(folder: Path) -> None:
    (folder / "porch.toml").unlink()
    (folder / "porch.toml").symlink_to("porch.toml")


def _other_key(folder: Path) -> None:
    (folder / "shop.key").write_bytes((folder / "other.key").read_bytes())


def _swapped(folder: Path) -> None:
    cert, key = (folder / "shop.pem").read_bytes(), (folder / "shop.key").read_bytes()
    (folder / "shop.pem").write_bytes(key)
    (folder / "shop.key").write_bytes(cert)


def _encrypted(folder: Path) -> None:
    key = load_pem_private_key((folder / "shop.key").read_bytes(), None)
    form = Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    (folder / "shop.key").write_bytes(key.private_bytes(*form))


def _page_is_a_pipe(folder: Path) -> None:
    (folder / "error.html").unlink()
    os.mkfifo(folder / "error.html")


def damage(name: str, write: Write, *words: str) -> Damage:
    return Damage(name, words, write)


def elsewhere(name: str, write: Write, *words: str) -> Damage:
    """A damage whose message names no line that was changed."""
    return Damage(name, words, write, is_placed=False)


ROUTE = '"shop.test/images/*"'

_MISSPELT = [
    damage("a word of the top", swap("grace", "grase"), "'grase'", "did you mean 'grace'?"),
    damage("a word in capitals", swap("listen", "Listen"), "'Listen'", "did you mean 'listen'?"),
    damage("a word of a route", swap("strip", "stirp"), "'stirp' for a route", "'strip'?"),
    damage("a table", swap("[timeouts]", "[timeout]"), "'timeout'", "did you mean 'timeouts'?"),
    damage("the table of routes", swap("[routes]", "[rotues]"), "'rotues'", "'routes'?"),
    damage("a word of a table", swap("connect =", "conect ="), "'conect'", "'connect'?"),
    damage("a word of a pool", swap("servers", "servres"), "'servres' for a pool", "'servers'?"),
    damage("a word of a target", swap("weight", "wieght"), "'wieght' for a target", "'weight'?"),
    damage("a word of when", swap("{ header =", "{ headers ="), "'headers'", "'header'?"),
    damage("a word of expect", swap("route =", "rout ="), "'rout' for an expect row", "'route'?"),
    damage("a word of another proxy", swap("{ to =", "{ proxy_pass ="), "'proxy_pass'", "'to'?"),
    damage("a word of another's site", swap("cert =", "certificate ="), "'certificate'", "'cert'?"),
    damage("a choice", swap("least-requests", "least_requests"), "'least-requests'?"),
    damage("a choice of a log", before('log = "jsno"\n'), "'log'", '"json"'),
    damage("the name of a pool", swap('= "api"', '= "appi"'), "no [pool.appi]", "'api'?"),
    damage("a kind of target", swap("redirect:", "redirct:"), "'redirct:'", "'redirect:'?"),
    damage(
        "a route of expect",
        swap('a.png"\nroute = "shop.test/images/*', 'a.png"\nroute = "shop.test/image/*'),
        "no route",
        "shop.test/images/*",
    ),
]
_SYNTAX = [
    damage("no closing quote", swap('grace = "30s"', 'grace = "30s'), "closing quote"),
    damage("no closing quote of a key", swap('"shop.test" =', '"shop.test ='), "quote"),
    damage("no quotes around an address", swap('= "api"', "= 127.0.0.1:80"), "without quotes"),
    damage("no quotes around a word", swap('= "api"', "= api"), "a text stands in quotes"),
    damage("no quotes around a key", swap(ROUTE, "shop.test/images/*"), "stands in quotes"),
    damage("no closing bracket of a table", swap("[routes]", "[routes"), "the ] is missing"),
    elsewhere("no closing bracket of a list", swap('"]\ninclude', '"\ninclude'), "comma", "list"),
    damage("round brackets", swap('["private"]', '("private")'), "this is no value"),
    damage("no comma in a list", swap('["private"]', '["private" "unix"]'), "a comma is missing"),
    damage("a semicolon at the end", swap('"30s"', '"30s";'), "more behind the value"),
    damage("a comma at the end", swap('"30s"', '"30s",'), "more behind the value"),
    damage("a colon for =", swap("grace =", "grace:"), "= follows a key"),
    damage("no =", swap("grace =", "grace"), "= follows a key"),
    damage("no value", swap('grace = "30s"', "grace ="), "this is no value"),
    damage("True", swap("strip = true", "strip = True"), "true and false are small"),
    damage("yes", swap("strip = true", "strip = yes"), "true and false are small"),
    damage("typographic quotes", swap('"30s"', "\u201c30s\u201d"), "a text stands in quotes"),
    damage("a quote of each kind", swap('"30s"', "\"30s'"), "closing quote"),
    damage("a regex in double quotes", within("[routes]", r'"a.test/~/\d+" = "api"'), "regex"),
    damage("a path of Windows", swap('"error.html"', r'"C:\pages\error.html"'), "single quotes"),
    damage("a comment with //", before("// the shop\n"), "begins with #"),
    damage("a line continued with \\", swap("grace =", "grace = \\\n"), "this is no value"),
    damage("a heredoc's end", behind("EOF\n"), "= follows a key"),
    damage("a variable of a shell", before("export PORT=80\n"), "= follows a key"),
    damage("a template not filled in", swap('"30s"', "{{ grace }}"), "not filled in"),
    damage("a key twice", within("[routes]", ROUTE + ' = "api"'), "a second time", "porch.toml:"),
    damage("a table twice", behind('[timeouts]\nhead = "5s"\n'), "a second time", "porch.toml:"),
    damage("a value and a table", behind("[grace]\n"), "a second time"),
    damage("a word twice in a route", swap("strip = true", 'to = ":1"'), "a second time"),
    damage("a name of JSON", before('{"listen": ":80"}\n'), "looks like JSON"),
]
_PASTED = [
    damage(
        "YAML", behind("routes:\n  - host: shop.test\n    to: 127.0.0.1:3000\n"), "looks like YAML"
    ),
    damage(
        "all of it YAML", instead("listen: :80\nroutes:\n  shop.test: api\n"), "looks like YAML"
    ),
    damage("all of it JSON", instead('{\n  "routes": {"*": ":3000"}\n}\n'), "looks like JSON"),
    damage(
        "nginx", behind("server {\n  location / { proxy_pass http://a:1; }\n}\n"), "another proxy"
    ),
    damage("Caddy", behind("blog.test {\n  reverse_proxy localhost:9000\n}\n"), "another proxy"),
    damage("HAProxy", behind("backend api\n  server s1 10.0.0.1:80 check\n"), "= follows"),
    damage("Apache", behind("<VirtualHost *:80>\n</VirtualHost>\n"), "looks like XML"),
    damage(
        "a conflict of a merge",
        swap('grace = "30s"', '<<<<<<< HEAD\ngrace = "30s"\n=======\ngrace = "9s"\n>>>>>>> new'),
        "merge",
    ),
    damage(
        "a patch",
        swap('grace = "30s"', '-grace = "30s"\n+grace = "9s"'),
        "a line begins with a key",
    ),
    damage("a prompt", before("$ cat porch.toml\n"), "a line begins with a key"),
]
_BYTES = [
    elsewhere("an empty file", instead(""), "there is no route", "[routes]"),
    elsewhere("comments alone", instead("# soon\n"), "there is no route"),
    damage("half of a text", until('"shop.te'), "closing quote"),
    damage("half of a header", until("[rou"), "the ] is missing"),
    damage("half of a route", until('"shop.test/images/*" = { to'), "="),
    damage("half of a value", until('"shop.test/images/*" ='), "ends before the value"),
    elsewhere("half a file", instead('listen = ":80"\n\n[limits]\n'), "there is no route"),
    damage("zeros after a crash", raw(lambda text: bytes(len(text))), "zeros"),
    damage("a zero in a text", swap("30s", "30s\0"), "zeros here"),
    damage("garbage", raw(lambda _: bytes(range(256)) * 8), "not UTF-8"),
    elsewhere("UTF-16", raw(lambda text: text.decode().encode("utf-16")), "UTF-16"),
    damage("UTF-16 without a mark", raw(lambda text: text.decode().encode("utf-16-le")), "UTF-16"),
    damage("Latin-1", raw(lambda text: b"# gr\xfc\xdfe\n" + text), "not UTF-8"),
    damage("two marks of byte order", before("\ufeff\ufeff"), "invisible"),
    damage("a space that does not break", swap("grace =", "grace\xa0="), "invisible"),
    damage("a space of no width", swap("grace", "gra\u200bce"), "invisible"),
    damage("line ends of old", raw(lambda text: text.replace(b"\n", b"\r")), "line ends"),
    damage("compressed", raw(lambda text: b"\x1f\x8b\x08\0\0\0\0\0" + text), "not UTF-8"),
    elsewhere("a number of a log", before(f"workers = {'7' * 5000}\n"), "digits"),
    elsewhere("a name of thousands of parts", before(f"{'a.' * 3000}a = 1\n"), "without end"),
    elsewhere("tables without end", before(f"x = {'[' * 3000}{']' * 3000}\n"), "without end"),
    elsewhere("a folder", on_disk(_folder_instead), "cannot be read", "directory"),
    elsewhere("no file", on_disk(lambda folder: (folder / "porch.toml").unlink()), "not exist"),
    elsewhere("a link to itself", on_disk(_link_to_itself), "cannot be read", "links"),
]
_VALUES = [
    damage("a number for a duration", swap('"30s"', "30"), "'grace' is 30", '"30s"'),
    damage("a unit that there is not", swap('"30s"', '"30 sec"'), "(ms, s, m, h, d)"),
    damage("a duration below nothing", swap('"30s"', '"-30s"'), "'grace'", "a duration"),
    damage("no time at all", swap('"60s"', '"0s"'), "'idle'", "more than nothing"),
    damage("a size in words", swap('"10MB"', '"10 megabytes"'), "'body'", "(B, KB, MB, GB)"),
    damage("a size below nothing", swap('"10MB"', "-1"), "'body' is -1", '"64MB"'),
    damage("no worker", before("workers = 0\n"), "'workers' is 0", "from 1"),
    damage("more workers than there can be", before("workers = 100000\n"), "1 to 1024"),
    damage("workers in words", before('workers = "many"\n'), "'workers'", '"auto"'),
    damage("too many retries", before("retry = 99\n"), "'retry' is 99", "0 to 10"),
    damage("too much weight", swap("weight = 2", "weight = 1001"), "'weight' is 1001", "0 to 1000"),
    damage("a weight of nothing", swap("weight = 2", "weight = 0.5"), "'weight' is 0.5"),
    damage("a weight below it", swap("weight = 2", "weight = -1"), "'weight' is -1"),
    damage("a weight in words", swap("weight = 2", 'weight = "x"'), "'weight' is \"x\""),
    damage("a status in expect", swap("route =", "status = 999\nroute ="), "999", "100 to 599"),
    damage("a status to respond with", swap("respond:404", "respond:99"), "from 200 to 599"),
    damage(
        "a status of a redirect",
        swap('"redirect:https://shop.test/new"', '{ to = "redirect:/new", status = 99 }'),
        "'status' is 99",
        "308",
    ),
    damage(
        "a text for a switch", swap("strip = true", 'strip = "yes"'), "'strip'", "true or false"
    ),
    damage(
        "a text for a number", swap("strip = true", 'priority = "high"'), "'priority'", "number"
    ),
    damage("a list for a text", swap('"error.html"', '["error.html"]'), "'error_page' is a list"),
    damage(
        "a table for a text", swap('"shop.pem"', '{ file = "a" }'), "'cert'", "a file in quotes"
    ),
    damage("a port that there is not", swap("127.0.0.1:3001", "127.0.0.1:70000"), "port 70000"),
    damage("a target without a port", swap("127.0.0.1:3001", "127.0.0.1"), '"127.0.0.1:8000"'),
    damage(
        "a target with a path", swap("127.0.0.1:3001", "http://a/base"), "has no path", "rewrite"
    ),
    damage("a target with a password", swap("127.0.0.1:3001", "http://u:p@a"), "Authorization"),
    damage("a target for WebSocket", swap("127.0.0.1:3001", "ws://a:1"), '"http://a:1"'),
    damage("an IPv6 address", swap("127.0.0.1:3001", "::1:3001"), '"[::1]:8000"'),
    elsewhere("no target", swap('to = "respond:404"', "strip = false"), "'to' is missing"),
    damage("an empty list of targets", swap('= "api"', "= []"), "'to' is empty"),
    damage("a redirect in a list", swap("127.0.0.1:3001", "redirect:/x"), "stands alone"),
    damage(
        "a redirect without a scheme", swap("https://shop.test/new", "shop.test/new"), "https://"
    ),
    damage("a redirect to itself", swap("https://shop.test/new", "/old"), "itself"),
    damage("a field of the connection", swap("X-Door", "Connection"), "belongs to the connection"),
    damage("a field with a colon", swap("X-Door", '"X-Door:"'), "'X-Door:' is not the name"),
    damage("a value with a line end", swap('"porch"', '"po\\nrch"'), "no line ends"),
]
_NAMES = [
    damage(
        "two equal routes", within("[routes]", '"SHOP.test" = "api"'), "equal weight", "priority"
    ),
    damage(
        "two routes, one condition",
        behind('[[routes."shop.test/beta/*"]]\nto = ":1"\n'),
        "equal weight",
    ),
    damage("a route under a site", within('[site."shop.test"]', '"/x" = "api"'), "'/x' for a site"),
    damage("a route above [routes]", before('"new.test" = "api"\n'), "a key of [routes]"),
    damage("listen below [routes]", within("[routes]", 'trust = "unix"'), "above [routes]"),
    damage("a host as a table", behind('[new.test]\nto = ":1"\n'), 'under [routes] as "new.test"'),
    damage("a host without quotes", within("[routes]", 'new.test = "api"'), '"new.test"'),
    damage("a scheme in a key", within("[routes]", '"http://b.test" = "api"'), "no scheme"),
    damage("a port in a key", within("[routes]", '"b.test:8080" = "api"'), "names no port"),
    damage("a path alone", within("[routes]", '"/x" = "api"'), "'*/x'"),
    damage("a method in small letters", within("[routes]", '"get b.test" = "api"'), "capitals"),
    damage("a star in the middle", within("[routes]", '"b.test/*/x" = "api"'), "~/"),
    damage("a regex that is none", swap("[0-9]+)", "[0-9+)"), "is not a regex"),
    damage("a name that no group has", swap("/u/{id}", "/u/{name}"), "{name}", "{id}"),
    damage("strip of a regex", swap('rewrite = "/u/{id}"', "strip = true"), "rewrite"),
    damage("a pool with a dot", behind('[pool.api.v2]\nservers = ":1"\n'), "'v2'"),
    damage("a key without its certificate", swap('cert = "shop.pem"\n', ""), "'cert' is missing"),
    damage(
        "a key in plain text",
        swap("strip = true", 'auth = { keys = { a = "k" } }'),
        "'keys'",
        "porch key new a",
    ),
]
_FILES = [
    damage("a certificate that is gone", swap("shop.pem", "shop.crt"), "shop.crt does not exist"),
    elsewhere("another's key", on_disk(_other_key), "shop.key is not the key of", "porch.toml:"),
    elsewhere("a certificate cut off", beside("shop.pem", "-----BEGIN CERT"), "shop.pem is not"),
    elsewhere("an empty key", beside("shop.key", ""), "shop.key is not a PEM file"),
    elsewhere("certificate and key swapped", on_disk(_swapped), "shop.pem is not a PEM file"),
    elsewhere("a key with a password", on_disk(_encrypted), "shop.key is encrypted"),
    damage("an authority that is gone", behind('[tls]\nca = "ca.pem"\n'), "ca.pem does not exist"),
    damage("a page with a zero", swap("error.html", "a\\u0000b"), "does not exist"),
    damage("a key with a zero", swap("shop.key", "a\\u0000b"), "does not exist"),
    elsewhere("a page that is a pipe", on_disk(_page_is_a_pipe), "it is a pipe, not a file"),
    damage("a page that is gone", swap("error.html", "eror.html"), "eror.html does not exist"),
    damage("an include that is gone", swap("sites/*.toml", "sites/blog.tml"), "does not exist"),
    elsewhere("half of an included file", beside("sites/blog.toml", '[routes]\n"b'), "blog.toml:2"),
    elsewhere("a route twice", beside("sites/more.toml", INCLUDED), "more.toml:2", "blog.toml:2"),
    elsewhere("an include included", beside("sites/more.toml", "include = []\n"), "the first file"),
    elsewhere(
        "a backup included", beside("sites/blog.toml", '[timeouts]\nidle = "1s"\n'), "already"
    ),
    damage("a secret that is unset", swap('"porch"', '"${PORCH_UNSET}"'), "has no PORCH_UNSET"),
    damage("a secret with a bad name", swap('"porch"', '"${MY-KEY}"'), "names no variable"),
    damage("a secret that is gone", swap('"porch"', '"file:gone"'), "gone cannot be read"),
    damage("a secret that is a folder", swap('"porch"', '"file:sites"'), "sites cannot be read"),
    elsewhere("a failing expectation", swap("http://shop.test/im", "http://shop.test/mi"), "takes"),
]
_LISTEN = [
    damage("no address", swap("listen = [", "listen = [] # ["), "'listen' is empty"),
    damage(
        "a port to listen on that there is not",
        swap("listen = [", 'listen = [":99999", '),
        "port 99999",
    ),
    damage("an address twice", swap("listen = [", 'listen = [":81", "*:81", '), "same address"),
    damage(
        "a name", swap("listen = [", 'listen = ["shop.test:80", '), "not an address of a machine"
    ),
    damage("a port without its colon", swap("listen = [", 'listen = ["80", '), 'write ":80"'),
    damage("a number", swap("listen = [", "listen = [80, "), "'listen' is 80"),
    damage("a relative socket", swap("listen = [", 'listen = ["unix:a.sock", '), "whole path"),
    damage("a network for a network's address", swap('"private"', '"10.0.0.1/8"'), "10.0.0.0/8"),
]

DAMAGES = [*_MISSPELT, *_SYNTAX, *_PASTED, *_BYTES, *_VALUES, *_NAMES, *_FILES, *_LISTEN]
"""Each is refused by `check` already."""

UNBINDABLE = [
    damage(
        "an address of another machine",
        swap("listen = [", 'listen = ["192.0.2.1:0", '),
        "192.0.2.1",
    ),
]
"""What is seen first when an address is bound."""
