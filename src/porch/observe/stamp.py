"""Moments in words: as the logs write them, from whole seconds since 1970, and as status does."""

import time

__all__ = ["clf", "iso", "local", "utc", "utc_ms"]

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def iso(second: int) -> bytes:
    """b"2026-07-02T10:11:12", in UTC; the caller adds milliseconds and Z (RFC 3339)."""
    return b"%04d-%02d-%02dT%02d:%02d:%02d" % time.gmtime(second)[:6]


def local(second: int) -> bytes:
    """b"12:11:12", in the zone of this machine: for somebody who watches."""
    return b"%02d:%02d:%02d" % time.localtime(second)[3:6]


def clf(second: int) -> bytes:
    """b"02/Jul/2026:12:11:12 +0200", local, as in the Common Log Format. The locale has no say."""
    at = time.localtime(second)
    minutes = at.tm_gmtoff // 60
    return b"%02d/%b/%04d:%02d:%02d:%02d %b%02d%02d" % (
        at.tm_mday,
        MONTHS[at.tm_mon - 1].encode(),
        *(at.tm_year, at.tm_hour, at.tm_min, at.tm_sec),
        b"-" if minutes < 0 else b"+",
        *divmod(abs(minutes), 60),
    )


def utc(seconds: float) -> str:
    """ "2026-07-02T10:11:12Z" (RFC 3339)."""
    return f"{iso(int(seconds)).decode()}Z"


def utc_ms(seconds: float) -> str:
    """ "2026-07-02T10:11:12.345Z"."""
    return f"{iso(int(seconds)).decode()}.{int(seconds % 1 * 1000):03}Z"
