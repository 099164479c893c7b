"""A page of the site brings its own Mermaid, and one that asks another host is warned of, which ends `make site`."""

import importlib.util
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[3]
HOOKS = importlib.util.spec_from_file_location("site_links", ROOT / "scripts/site_links.py")
site_links = importlib.util.module_from_spec(HOOKS)
HOOKS.loader.exec_module(site_links)
DIAGRAM = '<html><head></head><body><pre class="mermaid"><code>flowchart TD</code></pre></body></html>'


def written(html, url="index.html"):
    page = SimpleNamespace(url=url, file=SimpleNamespace(src_uri=url.replace(".html", ".md")))
    return site_links.on_post_page(html, page=page, config=None)


@pytest.mark.parametrize("url", ["design.html", "how-to/em.html"])
def test_a_page_with_a_diagram_brings_the_mermaid_of_the_site(url):
    [script] = re.findall('<script src="(.*?)">', written(DIAGRAM, url))
    assert (ROOT / "docs" / url).parent.joinpath(script).resolve() == ROOT / "docs/javascripts/mermaid.tiny.js"
    assert (ROOT / "docs/javascripts/mermaid.tiny.js").is_file()
    assert "<script" not in written(DIAGRAM.replace("mermaid", "other"), url)


@pytest.mark.parametrize(
    ("html", "asked"),
    [
        ('<script src="https://unpkg.com/mermaid@11"></script>', "https://unpkg.com/mermaid@11"),
        ('<link rel="preconnect stylesheet" href="//fonts.example.org/a.css">', "//fonts.example.org/a.css"),
        ('<img src="http://badges.example.org/a.svg">', "http://badges.example.org/a.svg"),
        ('<a href="https://example.org/">x</a><link rel="canonical" href="https://example.org/">', None),
        ('<script>var a = "https://example.org/"</script><script src="../a.js"></script><img src="data:,">', None),
    ],
)
def test_a_page_that_asks_another_host_is_warned_of(html, asked, caplog):
    written(html, "how-to/em.html")
    said = f"how-to/em.md asks another host for {asked}: keep a copy below docs/."
    assert caplog.messages == ([said] if asked else [])
