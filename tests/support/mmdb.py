"""A file in MaxMind's format (MaxMind DB 2.0), made here: a tree of bits over a section of data."""

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MARK = b"\xab\xcd\xefMaxMind.com"


def mmdb(places: Mapping[str, Any], kind: str = "Test-Country", *, version: int = 6) -> bytes:
    """places: network -> its record. version: 4 for a file that knows no IPv6."""
    nodes: list[list[Any]] = [[None, None]]
    data = bytearray()
    for text, record in places.items():
        network = ipaddress.ip_network(text)
        width = network.max_prefixlen
        bits = f"{int(network.network_address):0{width}b}"[: network.prefixlen]
        if version == 6 and network.version == 4:
            bits = "0" * 96 + bits
        here = 0
        for bit in bits[:-1]:
            below = nodes[here][int(bit)]
            if not isinstance(below, int):
                nodes.append([below, below])  # what a wider network says
                below = nodes[here][int(bit)] = len(nodes) - 1
            here = below
        nodes[here][int(bits[-1])] = b"%d" % len(data)
        data += encoded(record)
    count = len(nodes)

    def pointer(value: Any) -> bytes:
        if value is None:
            value = count
        elif isinstance(value, bytes):
            value = count + 16 + int(value)
        return int(value).to_bytes(3, "big")

    tree = b"".join(pointer(each) for node in nodes for each in node)
    metadata = encoded(
        {
            "node_count": count,
            "record_size": 24,
            "ip_version": version,
            "database_type": kind,
            "languages": [],
            "binary_format_major_version": 2,
            "binary_format_minor_version": 0,
            "build_epoch": 1,
            "description": {},
        }
    )
    return tree + bytes(16) + bytes(data) + MARK + metadata


def country(code: str) -> dict[str, Any]:
    return {"country": {"iso_code": code}}


def write(file: Path, places: Mapping[str, Any], kind: str = "Test-Country") -> Path:
    """Put another file into its place, as who replaces one should."""
    new = file.with_suffix(".new")
    new.write_bytes(mmdb(places, kind))
    new.replace(file)
    return file


_KINDS = {
    "record_size": 5,
    "ip_version": 5,
    "binary_format_major_version": 5,
    "binary_format_minor_version": 5,
    "build_epoch": 9,
}
"""Numbers of the metadata that have not 32 bits."""


def encoded(value: Any, kind: int = 6) -> bytes:
    if isinstance(value, str):
        text = value.encode()
        return _control(2, len(text)) + text
    if isinstance(value, dict):
        return _control(7, len(value)) + b"".join(
            encoded(key) + encoded(each, _KINDS.get(key, 6)) for key, each in value.items()
        )
    if isinstance(value, list):
        return bytes([len(value), 4]) + b"".join(map(encoded, value))
    size = (value.bit_length() + 7) // 8
    control = bytes([size, kind - 7]) if kind > 7 else _control(kind, size)
    return control + value.to_bytes(size, "big")


def _control(kind: int, size: int) -> bytes:
    return bytes([kind << 5 | size]) if size < 29 else bytes([kind << 5 | 29, size - 29])
