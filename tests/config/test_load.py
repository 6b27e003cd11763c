"""Loading: every mistake at once, each in its place, and nothing but what was written."""

import itertools
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from porch.config import schema
from porch.config.load import Loaded, load, load_mapping
from porch.config.locate import locate
from porch.config.schema import ConfigModel, RouteModel
from porch.route.pattern import Kind

GOLDEN = Path(__file__).parent / "golden"

WHOLE = """\
listen = [":8080", "unix:/run/porch.sock"]
workers = 1
trust = ["private", "192.0.2.0/24"]
proxy_protocol = ["192.0.2.0/24"]
allow = ["0.0.0.0/0", "::1"]
deny = "192.0.2.9"
watch = true
grace = "10s"
debug = false
request_id = true
metrics = "127.0.0.1:9145"
busy = { lag = "20ms", hold = "0s", retry_after = "2s" }
importance = "high"
server = "door"
log = ["pretty", { to = "file:a", fields = ["id"], errors = true, slower = "2s", sample = "1%" }]
via = false
forwarded = true
underscores = true
retry = { attempts = 3, on = [503], each = "2s", total = "9s", backoff = "1s", hedge = "p95" }
upgrade = ["websocket"]
balance = "round-robin"
slow_start = "20s"
panic = "40%"
eject = { failures = 3, rate = "40%", of = 50, slower = 4, for = "20s", most = "30%" }
overload = { endpoint = 9, pool = 20, adaptive = true, queue = 5, wait = "2s", retry_after = "3s" }
buffer_request = "64MB"
buffer_response = true
bandwidth = "2MB/s per client"
limit_keys = 2048
connections = { most = 20000, per_client = 256, new_per_second = 2000, new_per_client = 50, \
requests_per_client = 100 }
limit = { rate = "9MB/s", per = "client", burst = 3, smooth = false, cost = "bytes", \
dry_run = true, tell = false, name = "n" }
auth = false
block = "scanners"
json_body = { depth = 9, string = "1KB", size = "1KB", others = true, dry_run = true }
tarpit = true
cors = "*"
csrf = true
challenge = { when = "load", difficulty = 16, lasts = "1h", exempt = ["/api/*"], \
crawlers = ["bingbot"], contact = "a", secret = "${PORCH_TEST_SECRET}" }
hide = true
accel = true
cookies = "harden"
csp = "default-src 'self'"

hsts = { max_age = "2y", subdomains = true, preload = true }
tls_profile = "modern"
http2 = false
h2c = true
grpc_web = true
unknown_name = "refuse"
store = "/tmp/porch"
cache_store = { size = "10GB", path = "/tmp/kept", memory = false }

[compress]
codings = ["zstd"]
types = ["text/*"]
min_size = "2KB"
level = "fast"
brake = false
events = true
secrets = false
decode_request = "10MB"
padding = "32B"

[acme]
directory = ["letsencrypt", "https://ca.test/dir"]
email = "ops@a.test"
profile = "shortlived"
dns = "persist"
on_demand = "http://127.0.0.1:9000/ask"
key = "rsa"
eab = { kid = "1", key = "AAAA" }

[timeouts]
connect = "2s"
head = "10s"
response = "30s"
idle = "30s"
keep_alive = "20s"
upstream_idle = "3s"
tunnel = "2h"
half_close = "1s"

[limits]
request_line = "8KB"
head = "32KB"
fields = 100
body = "10MB"
interim = 8
streams = 1000
min_rate = "1KB"

[headers]
secure = true
request = { X-Door = "porch", Cookie = false }
response = { X-Via = ["a", "b"] }

[health]
kind = "http"
path = "/healthz"
every = "3s"
timeout = "1s"
rise = 2
fall = 3
status = [200, "3xx"]
body = "ok"
header = { x-ready = "yes" }
send = { Authorization = "Basic YTpi" }
method = "GET"
host = "health.test"
port = 9000

[tls]
verify = true
server_name = "origin.test"
min_version = "1.2"

[routes]
"a.test" = "pool"
"a.test/x/*" = ["a:1", { to = "a:2", weight = 2 }]

[routes."a.test/y/*"]
to = { to = "https://a", weight = 1 }
strip = true
rewrite = "/v1{path}"
priority = 1
timeouts = { idle = "5s" }
limits = { body = "1GB" }
headers = { X-Frame-Options = false }
maintenance = { retry_after = "5m", allow = ["10.0.0.0/8"] }
health = { kind = "grpc", service = "shop" }
mirror = { to = "a:3", share = "10%" }

[routes."a.test/f/*"]
internal = true
to = "file:/usr/bin"
[routes."a.test/f/*".files]
index = "home.html"
try = ["{path}", "/home.html"]
listing = true
links = "none"
hidden = true
precompressed = false
types = { md = "text/markdown" }

[routes."a.test/w/*"]
to = "a:5"
accel = false
[routes."a.test/w/*".cache]
ttl = "1h"
status_ttl = { 404 = "1m", "5xx" = "5s" }
stale = "1d"
max_object = "10MB"
respect_client = false
deception = "guard"

[routes."a.test/w/*".cache.key]
query = ["page", "filter_*"]
sort = true
fields = ["accept-language"]
cookies = "theme"
py = "shop.keys:of"

[routes."a.test/w/*".cache.bypass]
header = { x-preview = true }
query = { preview = "1" }
cookie = { "wp_*" = true }
client = "10.0.0.0/8"

[routes."a.test/y/*".canary]
to = "a:4"
share = "5%"
header = { x-canary = "1" }
cookie = "canary"
sticky = false
abort_if = "errors > 5% for 30s"

[[routes."a.test/z/*"]]
to = "redirect:https://b.test{path}"
status = 302
when = { method = ["GET", "HEAD"], header = { x-beta = "1" }, query = { q = "~^a" } }

[[routes."a.test/z/*"]]
to = "respond:404"
[routes."a.test/z/*".when]
cookie = { session = true }
client = "10.0.0.0/8"

[site."a.test"]
www = "redirect"
sticky = { cookie = "sid", secret = "0123456789abcdef", max_age = "1d", drain = "1h" }
headers = "secure"

[pool.pool]
servers = [{ to = "a:1", proxy_protocol = "v1" }, \
{ to = "dns:a:1", every = "1s", resolver = "10.0.0.2" }]
balance = "least-requests"
sticky = true
tls = { verify = true }

[[expect]]
get = "http://a.test/x/"
headers = { X-A = "b" }
client = "10.0.0.1"
route = "a.test/x/*"
sends = ["http://a:1/x/", "http://a:2/x/"]

[[expect]]
url = "http://a.test/z/"
method = "POST"
status = 404
"""
RAW = ("Input should", "Extra inputs", "Value error", "Field required", "[type=", "Keys should")
"""What only pydantic says."""


def load_text(tmp_path: Path, text: str) -> Loaded:
    file = tmp_path / "porch.toml"
    file.write_text(text, encoding="utf-8")
    return load(file)


def places_of(loaded: Loaded) -> list[tuple[int, int]]:
    return [(each.line, each.column) for each in loaded.problems if each.is_error]


@pytest.mark.parametrize("case", sorted(each.name for each in GOLDEN.iterdir()))
def test_a_file_with_mistakes_is_answered_as_written_down(case, monkeypatch):
    monkeypatch.chdir(GOLDEN / case)
    monkeypatch.setenv("PORCH_TEST_HOST", "hunter2")
    monkeypatch.setenv("PORCH_TEST_LINES", "one\ntwo")
    monkeypatch.delenv("PORCH_TEST_UNSET", raising=False)
    expected = Path("expected.txt").read_text(encoding="utf-8")
    loaded = load(Path("porch.toml"))
    assert loaded.report(running=True) + "\n" == expected
    assert not loaded.ok
    assert not any(raw in expected for raw in RAW)
    assert "hunter2" not in expected


def test_a_file_with_every_word_has_no_problem(tmp_path, monkeypatch):
    monkeypatch.setenv("PORCH_TEST_SECRET", "0123456789abcdef")
    loaded = load_text(tmp_path, WHOLE)
    assert loaded.report() == ""
    assert loaded.ok
    assert [each.key for each in loaded.routes] == [
        "a.test",
        "a.test/x/*",
        "a.test/y/*",
        "a.test/f/*",
        "a.test/w/*",
        "a.test/z/*",
        "a.test/z/*",
    ]
    assert len(loaded.expects) == 2


WORDS = [path for path in locate(WHOLE) if isinstance(path[-1], str)]
FREE = (
    "routes",
    "site",
    "pool",
    "request",
    "response",
    "header",
    "status_ttl",
    "types",
    "query",
    "cookie",
    "headers",
    "send",
)
"""Tables whose keys are the operator's own."""


def is_pair(path: Any) -> bool:
    """Whether a word stands before a value, and not in [ ]."""
    line, column = locate(WHOLE)[path]
    return WHOLE.splitlines()[line - 1][column - 1 :].strip('"').startswith(f"{path[-1]}")


def edited(path: Any, *, key: str | None = None, value: str | None = None) -> str:
    """WHOLE with another word, or another value, at `path`."""
    line, column = locate(WHOLE)[path]
    lines = WHOLE.splitlines(keepends=True)
    before, word = lines[line - 1][: column - 1], lines[line - 1][column - 1 :]
    if key is not None:
        word = word.replace(str(path[-1]), key, 1)
    if value is not None:
        name, _, rest = word.partition(" = ")
        word = f"{name} = {value}{rest_of(rest)}"
    lines[line - 1] = before + word
    return "".join(lines)


def rest_of(text: str) -> str:
    """What stands behind the value that `text` begins with."""
    depth, quoted = 0, False
    for number, each in enumerate(text):
        quoted ^= each == '"'
        depth += 0 if quoted else (each in "[{") - (each in "]}")
        if depth < 0 or (depth == 0 and not quoted and each in ",\n"):
            return text[number:]
    return ""


@pytest.mark.parametrize(
    "path",
    [path for path in WORDS if len(path) == 1 or path[-2] not in FREE],
    ids=lambda path: ".".join(map(str, path)),
)
def test_every_word_misspelt_is_found_in_its_place(tmp_path, path, monkeypatch):
    monkeypatch.setenv("PORCH_TEST_SECRET", "0123456789abcdef")
    word = str(path[-1])
    loaded = load_text(tmp_path, edited(path, key=f"{word}{word[-1]}"))
    assert locate(WHOLE)[path] in places_of(loaded)
    text = next(
        each.text for each in loaded.problems if (each.line, each.column) == locate(WHOLE)[path]
    )
    assert f"'{word}{word[-1]}'" in text
    assert f"did you mean '{word}'?" in text


@pytest.mark.parametrize(
    "path",
    [path for path in WORDS if is_pair(path)],
    ids=lambda path: ".".join(map(str, path)),
)
def test_every_word_with_a_value_that_it_cannot_have_is_found_in_its_place(tmp_path, path):
    loaded = load_text(tmp_path, edited(path, value="1979-05-27"))
    assert locate(WHOLE)[path] in places_of(loaded)
    assert not any(raw in each.text for each in loaded.problems for raw in RAW)
    assert all("1979" not in each.text for each in loaded.problems)


def test_every_word_there_is_stands_in_that_file():
    models = [each for each in vars(schema).values() if isinstance(each, type)]
    words = {word for each in models if issubclass(each, BaseModel) for word in each.model_fields}
    files = {"include", "error_page", "cert", "ca", "certificates", "key_password", "client_ca"}
    files |= {"geo", "geo_fields", "openapi"}
    others = {"client_cert", "user", "group", *files}  # no such user may be on this machine
    assert words - {step for path in locate(WHOLE) for step in path} == others


def test_the_defaults_are_those_of_an_empty_file(tmp_path):
    loaded = load_text(tmp_path, '[routes]\n"a.test" = "a:1"\n')
    assert loaded.ok
    assert loaded.config.listen == [":80", ":443"]
    assert loaded.config.grace == 30
    assert loaded.config.log[0].to == "stdout"
    assert loaded.config.workers == "auto"
    assert not loaded.config.watch


def test_a_route_is_a_target_a_list_or_a_table(tmp_path):
    loaded = load_text(
        tmp_path,
        '[routes]\n"a" = "a:1"\n"b" = ["a:1", "a:2"]\n"c" = { to = "a:1", strip = false }\n'
        '"d" = [{ to = "a:1", weight = 2 }, { to = "a:2" }]\n[[routes."e"]]\nto = "a:1"\n',
    )
    assert loaded.ok
    assert [[each.text for each in entry.targets] for entry in loaded.routes] == [
        ["a:1"],
        ["a:1", "a:2"],
        ["a:1"],
        ["a:1", "a:2"],
        ["a:1"],
    ]
    assert [each.weight for each in loaded.routes[3].targets] == [2, 1]


def test_a_route_knows_its_key_its_place_and_what_was_written(tmp_path):
    loaded = load_text(tmp_path, '[routes]\n"*.A.test/x/*" = { to = "a:1", strip = true }\n')
    (entry,) = loaded.routes
    assert entry.key == "*.A.test/x/*"
    assert entry.where == f"{tmp_path / 'porch.toml'}:2"
    assert entry.raw == {"to": "a:1", "strip": True}
    assert entry.pattern is not None
    assert (entry.pattern.host, entry.pattern.kind) == (b"*.a.test", Kind.PREFIX)


def test_harmless_words_of_later_versions_warn_and_the_rest_is_loaded(tmp_path):
    loaded = load_text(tmp_path, 'admin = "127.0.0.1:9"\n[routes]\n"a.test" = "a:1"\n')
    assert loaded.ok
    assert [each.severity for each in loaded.problems] == ["warning"]
    assert loaded.routes[0].targets[0].text == "a:1"


def test_what_is_wrong_in_a_route_does_not_hide_what_else_is_wrong_with_it(tmp_path):
    loaded = load_text(
        tmp_path, '[routes]\n"https://a.test" = { to = "a", stripp = true, retry = -1 }\n'
    )
    assert len(loaded.problems) == 4


def test_a_mapping_has_the_same_words():
    loaded = load_mapping({"routes": {"a.test": ("a:1", "a:2")}, "listen": ":8080"})
    assert loaded.ok
    assert loaded.config.listen == [":8080"]
    assert [each.text for each in loaded.routes[0].targets] == ["a:1", "a:2"]
    assert loaded.routes[0].where == "<python>"


def test_problems_of_a_mapping_name_the_word_instead_of_a_line():
    loaded = load_mapping(
        {"routes": {"a.test": {"to": ["a:1", "a"], "helth": "/"}}, "grace": object()},
        name="the command line",
    )
    assert loaded.report() == (
        "the command line  error  grace: 'grace' is a Python object; a duration is a number with "
        'its unit (ms, s, m, h, d), such as "90s"\n'
        "the command line  error  routes.\"a.test\".helth: unknown option 'helth' for a route; "
        "did you mean 'health'?\n"
        'the command line  error  routes."a.test".to[1]: there is no [pool.a]; an address has a '
        'port: "a:8000"\n'
        "3 problems; nothing was changed."
    )


def test_a_mapping_is_not_changed():
    data = {"routes": {"a.test": {"to": "a:1", "cache": "1h"}}}
    load_mapping(data)
    assert data == {"routes": {"a.test": {"to": "a:1", "cache": "1h"}}}


@pytest.mark.parametrize("word", ["routes", "site", "pool"])
@pytest.mark.parametrize("value", ["1", '"x"', "[]", "[1]", "{ a = 1979-05-27 }"])
def test_a_group_that_is_no_table_of_tables_is_told_so(tmp_path, word, value):
    loaded = load_text(tmp_path, f'{word} = {value}\n[[expect]]\nget = "http://a/"\nstatus = 1\n')
    assert places_of(loaded)
    assert not any(raw in each.text for each in loaded.problems for raw in RAW)


ODD = st.sampled_from("\"'[]{}.=,\n\\#$*/~-1a é")
SOME = st.sampled_from(["", "a:1", "x", "${", "~(", 1, -1, 1.5, True, None, b"x", 5j])
KEYS = st.sampled_from([*ConfigModel.model_fields, *RouteModel.model_fields, "a.test", 5, None])


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), ODD), min_size=1, max_size=4))
def test_whatever_is_typed_by_mistake_is_answered_in_sentences(edits):
    text = list(WHOLE)
    for at, each in edits:
        text[at] = each
    with tempfile.TemporaryDirectory() as folder:
        loaded = load_text(Path(folder), "".join(text))
    assert not any(raw in each.text for each in loaded.problems for raw in RAW)
    assert all(each.line for each in loaded.problems)


@given(
    st.dictionaries(
        KEYS,
        st.recursive(
            SOME,
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
            max_leaves=12,
        ),
        max_size=4,
    )
)
def test_whatever_python_gives_is_answered_in_sentences(data):
    loaded = load_mapping(data)
    assert not any(raw in each.text for each in loaded.problems for raw in RAW)
    assert loaded.ok or loaded.report()


def test_ten_thousand_routes_are_loaded_in_seconds(tmp_path):
    lines = (
        f'"h{number}.test/api/*" = {{ to = ["10.0.0.1:8000", "10.0.0.2:8000"], strip = true }}\n'
        for number in range(10_000)
    )
    file = tmp_path / "porch.toml"
    file.write_text("".join(itertools.chain(["[routes]\n"], lines)), encoding="utf-8")
    before = time.process_time()
    loaded = load(file)
    assert time.process_time() - before < 10  # measured: 1.3
    assert loaded.ok
    assert loaded.routes[-1].where == f"{file}:10001"
