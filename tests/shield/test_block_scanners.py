"""The lists of what only scanners ask for."""

import pytest

from porch.shield.block_patterns import Patterns, check_pattern
from porch.shield.block_scanners import LISTS

ALL = Patterns([(text, 1) for texts in LISTS.values() for text in texts])


def test_every_pattern_is_one() -> None:
    for texts in LISTS.values():
        for text in texts:
            check_pattern(text)


@pytest.mark.parametrize(
    "path",
    [
        *("/.env", "/app/.env.local", "/.git/HEAD", "/.git-credentials", "/.aws/credentials"),
        *("/.DS_Store", "/.ssh/id_rsa", "/.bash_history", "/.htpasswd", "/.vscode/sftp.json"),
        *("/wp-login.php", "/wp-config.php.bak", "/xmlrpc.php", "/wp-content/plugins/x"),
        *("/phpmyadmin/", "/pma/index.php", "/phpinfo.php", "/vendor/phpunit/x/eval-stdin.php"),
        *("/backup.zip", "/db.sql", "/config.php.bak", "/index.php~", "/docker-compose.yml"),
        *("/actuator/env", "/actuator/heapdump", "/manager/html", "/cgi-bin/luci", "/HNAP1/"),
        *("/solr/admin/info", "/server-status", "/etc/passwd", "/telescope/requests"),
    ],
)
def test_scanners_are_known(path: str) -> None:
    assert ALL.of([path.encode()])


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/",
            "/index.html",
            "/environment",
            "/api/env",
            "/a.env",
            "/.well-known/acme-challenge/x",
        ),
        *("/git/config", "/.gitea", "/repo.git/info/refs", "/github", "/actuator/health"),
        *("/wp", "/blog/wp-json/wp/v2/posts", "/php", "/info", "/test", "/manager", "/backup"),
        *("/robots.txt", "/favicon.ico", "/sitemap.xml", "/docs/phpmyadmin.html", "/ssh", "/sdks"),
        *("/id_card", "/static/config.json", "/app.js", "/profile", "/settings/profile"),
    ],
)
def test_visitors_are_not_taken_for_them(path: str) -> None:
    assert not ALL.of([path.encode()])
