"""The prose between the tables of the configuration reference."""

__all__ = [
    "BALANCE",
    "EXAMPLE",
    "INTRODUCTION",
    "KEYS",
    "LISTEN",
    "MERGING",
    "PROBLEMS",
    "REDIRECTS",
    "SECRETS",
    "UNITS",
]

INTRODUCTION = """\
# The configuration

<!-- Written by `python -m porch.config.reference`, from src/porch/config/schema.py. -->

One file, `porch.toml`, in TOML. The same words are those of the Python API
(`porch.Config(routes={...})`) and of the command line. `porch check` says all that is wrong with
a file at once; `porch schema` prints the JSON Schema of this page, for editors.
"""

EXAMPLE = """\
```toml
listen = [":8080"]

[routes]
"example.com/api/*" = { to = ["10.0.0.11:8000", "10.0.0.12:8000"], strip = true }
"example.com"       = "10.0.0.31:3000"

[routes."example.com/upload/*"]        # a long route is its own table
to       = "unix:/run/upload.sock"
limits   = { body = "2GB" }
timeouts = { response = "5m" }

[[routes."example.com/beta/*"]]        # several with one key differ by conditions
when = { header = { x-beta = "1" } }
to   = "10.0.0.41:3000"

[site."example.com"]                   # what belongs to a whole host
headers = "secure"

[[expect]]                             # a test, run by `porch check`
get   = "http://example.com/api/users"
sends = "http://10.0.0.11:8000/users | http://10.0.0.12:8000/users"
```
"""

MERGING = """
## Words for the top, a site or a route

These may stand at the top for all routes, under `[site."host"]` for those of a host, and in a
route. The nearest wins; `timeouts`, `limits`, `headers`, `tls`, `cache`, `compress` and `files`
merge word by word.
"""

LISTEN = """
## listen

| | |
| --- | --- |
| `":80"` | port 80 of all addresses, IPv6 and IPv4 |
| `"127.0.0.1:8080"`, `"[::1]:8080"` | one address |
| `":443"` | HTTPS, which port 443 is without the word |
| `"https://127.0.0.1:8443"` | HTTPS on another port |
| `"unix:/run/porch.sock"` | a Unix socket; who may connect, the rights of its folder say |
"""

KEYS = """\
## routes

| key | means |
| --- | --- |
| `"example.com"` | every path of the host |
| `"example.com/x"` | exactly this path |
| `"example.com/x/*"` | /x and everything below it, never /xy |
| `'example.com/~/u/(?P<id>[0-9]+)'` | a path that the regex matches from its start |
| `"*.example.com"` | one or more labels before the host |
| `"*"`, `"*/x/*"` | any host |
| `"POST example.com/x"` | one method |

Compared are the host (exact, longest wildcard, `*`), then the path (exact, longest prefix,
regex), then the number of conditions; where no path of a host matches, the next wider host is
tried. The order in the file never matters. A tie is an error that names both, and `priority`
breaks it.
"""

REDIRECTS = """
## targets

| target | leads to |
| --- | --- |
| `"10.0.0.1:8000"`, `"app:8000"` | HTTP at a host and port |
| `":3000"` | a port of this machine |
| `"http://app"` | HTTP/1.1, with the scheme named |
| `"https://app:8443"` | HTTP/2 or 1.1 over TLS, as the endpoint prefers; it is verified |
| `"h2://app"`, `"h2c://app:50051"` | HTTP/2 alone, over TLS and without it |
| `"unix:/run/app.sock"` | HTTP over a Unix socket |
| `"api"` | the pool `[pool.api]` |
| `"redirect:https://b.test{path}"` | a redirect, 308 or the word `status` |
| `"respond:503"` | an answer of the door itself |
| `"file:/srv/www"` | the files of a folder, see [files](files.md) |
| `"dns:api.internal:8000"` | every address that DNS has for a name |
| `"srv:_http._tcp.api.internal"` | SRV records, with their ports, priorities and weights |
| `"docker:api:8000"` | containers of Docker or Podman, by label, Compose service or name |
| `"list:endpoints.json"`, `"list:https://example.com/api"` | endpoints in a file or at a URL |
| `"find:module:function"` | endpoints that a function of yours finds |
| `["a:8000", { to = "b:8000", weight = 2 }]` | several, one weighs more, see [servers](#servers) |

What is found changes while the door serves, see [discovery](discovery.md).

In a redirect stand `{path}`, which has the query too, `{host}`, and what a regex caught, `{id}` or
`{1}`."""

BALANCE = """
## balance

Which endpoint of several takes a request; [the page on balancing](balancing.md) says which is for
what.

| `balance` | takes |
| --- | --- |
| `"least-requests"` | the one with the fewest requests under way for its weight |
| `"least-time"` | the one that would answer soonest, by its first bytes and what it does |
| `"round-robin"` | each in turn, by weight |
| `"random"` | any, by weight |
| `"first"` | the one that is written first, while it is in rotation |
| `"hash client"`, `"hash path"` | always the same for an address, or for a path without query |
| `"hash header X-Tenant"`, or `cookie`, or `query` and a name | always the same for this value |
| `"hash py:module:function"` | the same for what your function of the exchange returns |

A function returns bytes, a text, or None. A request without the value of a hash goes to any, by
weight."""

UNITS = """
## Units

Durations are `"500ms"`, `"90s"`, `"5m"`, `"1h"`, `"2d"`; sizes `"64KB"`, `"10MB"`, `"1GB"`, each
step 1024, with `KiB`, `MiB` and `GiB` the same. A bare number is refused.
"""

SECRETS = """\
## Secrets

`"${NAME}"` in any text is the variable of the environment; one that is not set is an error. As a
secret, and among the values of `headers` and `when`, `"file:/run/secrets/x"` is the content of the
file without its last line end.

A secret that is written in the file itself is an error: `client_secret`, `cookie_secret`,
`key_password`, the `secret` of `jwt`, `challenge` and `sticky`, and the `key` of `eab`. What looks
like one by a name that others have chosen is a warning: in an account of `dns` and among
`headers.request`, `Authorization`, `Cookie` and what ends in `Api-Key`, `Password`, `Secret` or
`Token`.
"""

PROBLEMS = """\
## When something is wrong

All problems come at once (one that makes the file no TOML comes alone), with file, line and
column, and nothing is half applied: a running door goes on with what it has.
"""
