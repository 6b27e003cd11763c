"""What scanners ask every door for, whatever is behind it: files that were left, and consoles.

Patterns over paths in any folder, see block_patterns.py. An honest visitor asks for none of them,
unless the software that they belong to is there; so they have names of their own.
"""

from collections.abc import Mapping

__all__ = ["LISTS", "SCANNERS"]

_END = r"(?:\z|[./~_-])"
_FILE = r"(?:\z|/)"

LISTS: Mapping[str, tuple[str, ...]] = {
    "dotfiles": (
        rf"/\.env{_END}",
        rf"/\.(?:git|svn|hg|bzr){_FILE}",
        rf"/\.git(?:config|-credentials|attributes|modules){_FILE}",
        rf"/\.(?:ht(?:access|passwd|group)|DS_Store|npmrc|pypirc|netrc|dockercfg){_END}",
        rf"/\.(?:ssh|aws|kube|docker|vscode|idea|azure|gnupg){_FILE}",
        rf"/\.(?:bash|zsh|mysql|psql|python)_?(?:history|rc|profile){_END}",
        rf"/\.(?:bashrc|profile|zshrc|vimrc|viminfo){_END}",
        rf"/id_(?:rsa|dsa|ecdsa|ed25519){_END}",
    ),
    "backups": (
        r"/(?:backup|dump|database|db|site|www|wwwroot|public_html|sql)\.(?:sql|tar|tgz|zip|rar|7z|gz|bak)",
        r"\.(?:php|aspx?|jsp|conf|config|ini|ya?ml|json|py|rb|env)(?:~|\.(?:bak|old|orig|save|swp))\z",
        rf"/(?:web\.config|docker-compose\.ya?ml|composer\.lock|wp-config\.php){_END}",
        rf"/(?:credentials|secrets)\.(?:json|ya?ml|xml|txt){_END}",
    ),
    "wordpress": (
        rf"/wp-(?:login|config|cron|signup|trackback|links-opml)\.php{_END}",
        rf"/(?:wp-admin|wp-includes|wp-content){_FILE}",
        rf"/xmlrpc\.php{_END}",
        rf"/wlwmanifest\.xml{_FILE}",
    ),
    "php": (
        rf"/(?:phpmyadmin|pma|myadmin|mysqladmin|phppgadmin|dbadmin|sqladmin)[0-9._-]*{_FILE}",
        rf"/(?:phpinfo|info|test|php|shell|cmd|c99|r57|adminer|alfa|eval-stdin)\.php{_FILE}",
        rf"/vendor/phpunit{_FILE}",
        rf"/(?:think|laravel|thinkphp)/(?:app|index|public){_FILE}",
        rf"/_ignition/execute-solution{_FILE}",
        r"/index\.php/.*invokefunction",
    ),
    "consoles": (
        rf"/actuator/(?:env|heapdump|gateway|jolokia|loggers|mappings|threaddump|trace){_FILE}",
        rf"/(?:jmx-console|web-console|invoker|manager/html|host-manager){_FILE}",
        rf"/(?:jenkins|hudson)/(?:script|login){_FILE}",
        rf"/(?:cgi-bin|boaform|goform|hnap1|setup\.cgi|currentsetting\.htm){_FILE}",
        rf"/(?:solr/admin|_cat/indices|_all_dbs|_cluster/health|server-status){_FILE}",
        rf"/(?:owa/auth|ecp/current|autodiscover/autodiscover\.json|aspnet_client){_FILE}",
        rf"/(?:etc/(?:passwd|shadow)|proc/self|windows/win\.ini|boot\.ini){_FILE}",
        rf"/(?:telescope/requests|debug/default/view|_profiler/phpinfo|elmah\.axd){_FILE}",
        rf"/(?:sdk|evox/about|nmaplowercheck\d+|nice%20ports){_FILE}",
    ),
}
SCANNERS = "scanners"
"""The name of all of them."""
