"""Hooks of mkdocs.yml: links that lead out of docs/ lead to the repository, and no page asks another host."""

import logging
import posixpath
import re
from html.parser import HTMLParser
from typing import Any

LINK = re.compile(r"\]\((?P<up>(?:\.\./)+)(?P<rest>[^)\s]+)\)")
MERMAID = "javascripts/mermaid.tiny.js"  # @mermaid-js/tiny; the theme would fetch Mermaid from unpkg.com
DIAGRAM = 'class="mermaid"'
ASKS = {"script": "src", "img": "src", "source": "src", "video": "src", "iframe": "src", "object": "data"}
ASKING_LINKS = {"stylesheet", "icon", "preload", "preconnect", "dns-prefetch", "modulepreload", "prefetch", "manifest"}
log = logging.getLogger("mkdocs.hooks.site_links")  # --strict ends a build that warns here


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Any) -> str:
    """A page's text, with such links made whole.

    :param page: where its file is below docs/.
    :param config: which has the repository's address.
    :param files: all files of the site.
    """

    def led(found: re.Match[str]) -> str:
        path, hash_, anchor = found["rest"].partition("#")
        target = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page.file.src_uri), found["up"], path))
        if target.startswith("docs/") or files.get_file_from_path(target.removeprefix("docs/")):
            return found[0]
        return f"]({config.extra['repository']}/blob/main/{target}{hash_}{anchor})"

    return LINK.sub(led, markdown)


def on_post_page(output: str, *, page: Any, **_: Any) -> str:
    """A page as it is written: diagrams get the site's own Mermaid, and what asks another host is warned of.

    :param page: its address tells how far up the site begins.
    """
    if DIAGRAM in output:
        ours = posixpath.relpath(MERMAID, posixpath.dirname(page.url) or ".")
        output = output.replace("</head>", f'<script src="{ours}"></script></head>', 1)
    for url in foreign(output):
        log.warning("%s asks another host for %s: keep a copy below docs/.", page.file.src_uri, url)
    return output


def foreign(html: str) -> list[str]:
    """Where a page's scripts, styles and pictures come from, if that is another host.

    :param html: a page.
    """
    asked = _Asked()
    asked.feed(html)
    return [url for url in asked.urls if re.match(r"([a-z]+:)?//", url)]


class _Asked(HTMLParser):
    """What a browser fetches for a page without a click."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {key: value or "" for key, value in attrs}
        if tag == "link" and ASKING_LINKS & set(values.get("rel", "").split()):
            self.urls.append(values.get("href", ""))
        elif tag in ASKS:
            self.urls.append(values.get(ASKS[tag], ""))
