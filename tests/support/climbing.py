"""Paths that want out of a folder, or to what is hidden or no file in it. None may get there.

In the folder that is meant: `inside.txt`, `a/inside.txt`, `.env`, `link` (to a folder beside the
root), `out.txt` (to a file there), `fifo`. Beside it: `secret.txt`, and a folder `beside` with the
same. What must never be seen has SECRET in it.
"""

import os
from itertools import product
from pathlib import Path

__all__ = ["SECRET", "TRICKS", "lay"]

SECRET = b"SECRET-THAT-NOBODY-MAY-SEE"

_UP = (
    *("..", "%2e%2e", "%2E%2e", ".%2e", "%2e.", "..;", "..;a=b", "..%00", "..%0d", "..%20", "...."),
    *(
        "..%c0%af",
        "%c0%ae%c0%ae",
        "%e0%80%ae%e0%80%ae",
        "%252e%252e",
        "%u002e%u002e",
        "..%ef%bc%8f",
    ),
    *("..%ef%bc%8f",),
    *("%uff0e%uff0e", "..\\", "..%5c", "..%255c", "%2e%2e%5c", "..%2f", "..%252f", "%2e%2e%2f"),
    *("..././", ".%00./", "..%01", "..%e2%88%95", "..%c1%9c", "..%c0%2f", "%%32%65%%32%65"),
)
_SLASH = ("/", "%2f", "%5c", "\\", "//", "%252f")
_ENDS = ("secret.txt", "beside/secret.txt")

_OTHERS = (
    *("/link/secret.txt", "/out.txt", "/link", "/link/", "/a/../link/secret.txt"),
    "/./link/secret.txt",
    *("/%6cink/secret.txt", "//link//secret.txt", "/link/./secret.txt", "/a/..%2flink/secret.txt"),
    *(
        "/.env",
        "/%2eenv",
        "/.env/",
        "/a/%2e%2e/.env",
        "/%2e%65nv",
        "//.env",
        "/.env%00",
        "/.env%20",
    ),
    *(
        "/.env::$DATA",
        "/.env.",
        "/.ENV",
        "/a/..;/.env",
        "/.env;x",
        "/;/.env",
        "/.env%2f",
        "/.%65nv",
    ),
    *("/fifo", "/fifo/", "/dev/zero", "//etc/passwd", "/file:///etc/passwd", "/proc/self/environ"),
    *("/etc/passwd", "//../etc/passwd", "/%2fetc%2fpasswd", "/~root/.profile", "/C:/secret.txt"),
    *("/a/inside.txt/../../../secret.txt", "/inside.txt/../../secret.txt", "/%00/../secret.txt"),
    *(
        "/..",
        "/../",
        "/.",
        "/...",
        "/%2e%2e",
        "/a/..",
        "/a/../..",
        "/a/../../",
        "/%",
        "/%2",
        "/%zz",
    ),
    *("/inside.txt%00.html", "/inside.txt/", "/inside.txt/.", "/inside.txt//", "/inside.txt%2f"),
    *("/" + "a/" * 500 + "../" * 501 + "secret.txt", "/" + "x" * 5000, "/" + "a/" * 2000),
    *("/" + "%2e%2e/" * 20 + "secret.txt", "/?/../secret.txt", "/index.html?../../secret.txt"),
)


def _tricks() -> list[str]:
    found = [f"/{up}{slash}{end}" for up, slash, end in product(_UP, _SLASH, _ENDS)]
    found += [f"/a/{up}/{up}/{end}" for up, end in product(_UP, _ENDS)]
    return [*found, *_OTHERS]


TRICKS = tuple(dict.fromkeys(_tricks()))
"""Targets of requests: printable ASCII, without spaces."""


def lay(folder: Path) -> Path:
    """Lay the trap in a folder. Returns the root that is to be served."""
    root = folder / "root"
    (root / "a").mkdir(parents=True)
    (folder / "beside").mkdir()
    for file in (folder / "secret.txt", folder / "beside" / "secret.txt", root / ".env"):
        file.write_bytes(SECRET)
    for file in (root / "inside.txt", root / "a" / "inside.txt"):
        file.write_bytes(b"inside")
    (root / "link").symlink_to("../beside")
    (root / "out.txt").symlink_to(folder / "secret.txt")
    os.mkfifo(root / "fifo")
    return root
