"""What a route whose target is a folder becomes."""

from pathlib import Path
from typing import Any

from porch.config.build import Built, build
from porch.config.load import load, load_mapping
from porch.config.rehearse import Rehearsal, rehearse, request_of
from porch.config.state import State
from porch.serve.files import Files
from tests.support.folder import write


def built(**words: Any) -> Built:
    loaded = load_mapping({"listen": ":80"} | words, "porch.toml")
    made = build(loaded, State())
    assert made is not None, loaded.report()
    return made


def asked(of: Built, path: str, method: str = "GET") -> Rehearsal:
    return rehearse(of, request_of(method, f"http://a.test{path}", []), b"192.0.2.1")


def file_of(of: Built, path: str) -> str:
    request = request_of("GET", f"http://a.test{path}", [])
    route = of.settings.router.find(request, b"192.0.2.1")
    [owner] = [
        hook.__self__
        for hook in route.plan.on_request
        if isinstance(getattr(hook, "__self__", None), Files)
    ]
    found: str = owner.described(request)
    return found


def test_a_folder_answers(tmp_path: Path) -> None:
    write(tmp_path, "a.html", b"a")
    made = built(routes={"*": f"file:{tmp_path}"})
    assert asked(made, "/a.html").status == 200
    assert asked(made, "/none").status == 404
    assert asked(made, "/a.html", "POST").status == 405


def test_what_is_said_is_served(tmp_path: Path) -> None:
    for name in ("app.html", "docs/home.html", ".x", "a.css", "a.css.gz", "list/x"):
        write(tmp_path, name)
    words = {
        "try": ["{path}", "{path}/", "/app.html"],
        "index": ["home.html"],
        "hidden": True,
        "precompressed": False,
        "types": {"css": "text/x"},
        "links": "none",
    }
    made = built(routes={"*": {"to": f"file:{tmp_path}", "files": words}})
    assert file_of(made, "/any/where") == f"{tmp_path}/app.html"
    assert file_of(made, "/docs/") == f"{tmp_path}/docs/home.html"
    assert file_of(made, "/.x") == f"{tmp_path}/.x"
    (tmp_path / "link").symlink_to("a.css")
    assert asked(made, "/link").status == 403
    listed = built(files={"listing": True}, routes={"*": f"file:{tmp_path}"})
    assert asked(listed, "/list/").status == 200


def test_words_of_the_top_a_site_and_a_route_hold_together(tmp_path: Path) -> None:
    write(tmp_path, "home.html")
    write(tmp_path, "app.html")
    made = built(
        files={"index": "home.html", "hidden": True},
        site={"a.test": {"files": {"try": ["{path}", "{path}/", "/app.html"]}}},
        routes={"a.test": {"to": f"file:{tmp_path}", "files": {"hidden": False}}},
    )
    assert file_of(made, "/") == f"{tmp_path}/home.html"
    assert file_of(made, "/x") == f"{tmp_path}/app.html"
    assert asked(made, "/.x").status == 404


def test_strip_says_what_is_below_the_root(tmp_path: Path) -> None:
    write(tmp_path, "a.css")
    write(tmp_path, "static/a.css")
    to = f"file:{tmp_path}"
    assert file_of(built(routes={"*/static/*": to}), "/static/a.css").endswith("/static/a.css")
    stripped = built(routes={"*/static/*": {"to": to, "strip": True}})
    assert file_of(stripped, "/static/a.css") == f"{tmp_path}/a.css"
    rewritten = built(routes={"*/s/*": {"to": to, "strip": True, "rewrite": "/static{path}"}})
    assert file_of(rewritten, "/s/a.css") == f"{tmp_path}/static/a.css"


def test_a_folder_is_found_from_where_the_configuration_lies(tmp_path: Path) -> None:
    write(tmp_path, "www/a")
    file = tmp_path / "porch.toml"
    file.write_text('listen = ":80"\n[routes]\n"*" = "file:www"\n')
    made = build(load(file), State())
    assert made is not None
    assert file_of(made, "/a") == f"{tmp_path}/www/a"
