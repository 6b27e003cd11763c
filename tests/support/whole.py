"""A file with every word that there is."""

__all__ = ["WHOLE"]

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
log = ["json", { to = "file:a", format = "json", fields = ["id"], errors = true, \
slower = "2s", sample = "1%", addresses = "short", queries = false, \
rotate = { size = "1MB", every = "1d", keep = 3 } }]
traces = { to = "http://127.0.0.1:4318", ratio = "1%", slower = "1s" }
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

[admin]
listen = "192.168.1.9:9146"
tokens = { ann = { token = "sha256:\
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", role = "read" } }
hosts = ["door.test"]
public = true
plain = true
read_only = true

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
eab = { kid = "1", key = "${PORCH_TEST_SECRET}" }

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
sticky = { cookie = "sid", secret = "${PORCH_TEST_SECRET}", max_age = "1d", drain = "1h" }
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
