"""The dashboards over what a Prometheus answers, as one HTML page: ``python -m observability.preview URL > page.html``.

For who wants to see what they show before there is a Grafana. Lines and traces are other servers' and only named.
"""

import html
import json
import math
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

BOARDS = Path(__file__).parent / "grafana" / "dashboards"
NAMES = {"short": "", "currencyUSD": "USD"}
COLOURS = ("#3274d9", "#e02f44", "#299c46", "#ff780a", "#8f3bb8", "#0a6b7a", "#b8860b", "#555555")
WIDTH, HEIGHT = 520, 150
STYLE = """
:root { color-scheme: light dark; font: 14px system-ui, sans-serif }
body { margin: 1rem auto; max-width: 1120px; padding: 0 1rem }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 480px), 1fr)); gap: 1rem }
article { border: 1px solid #8886; border-radius: 6px; padding: .6rem .8rem; min-width: 0 }
h3 { margin: 0 0 .2rem; font-size: 1rem }
p { margin: .2rem 0; opacity: .75 }
svg { width: 100%; height: auto }
table { border-collapse: collapse; width: 100% }
td { padding: .1rem .4rem; overflow-wrap: anywhere }
td:last-child { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
.bar { background: #3274d9; height: .6rem }
.big { font-size: 1.6rem }
"""
Series = tuple[str, Sequence[tuple[float, float]]]
"""What a legend calls it, and its points: seconds since 1970 and value."""


def render(prometheus: str, over_s: float) -> str:
    """All dashboards as a page.

    :param prometheus: URL of a Prometheus.
    :param over_s: how many seconds back it looks.
    :raises urllib.error.URLError: if it does not answer, or refuses a query.
    """
    boards = [json.loads(path.read_text("utf-8")) for path in sorted(BOARDS.glob("*.json"))]
    parts = [f"<!doctype html><html lang=en><meta charset=utf-8><title>Platerunner</title><style>{STYLE}</style>"]
    for board in boards:
        parts.append(f"<h2>{html.escape(board['title'])}</h2><p>{html.escape(board['description'])}</p><main>")
        parts += [_panel(panel, over_s, prometheus) for panel in board["panels"]]
        parts.append("</main>")
    return "\n".join(parts)


def _panel(panel: dict[str, Any], over_s: float, prometheus: str) -> str:
    head = f"<article><h3>{html.escape(panel['title'])}</h3><p>{html.escape(panel['description'])}</p>"
    if panel["datasource"]["type"] != "prometheus":
        return f"{head}<p>Asks {panel['datasource']['type']}, which is not asked here.</p></article>"
    found = [each for target in panel["targets"] for each in _answers(target, panel["type"], over_s, prometheus)]
    unit = panel["fieldConfig"]["defaults"]["unit"]
    drawn = {"timeseries": _lines, "bargauge": _bars, "stat": _numbers}[panel["type"]](found, unit)
    return f"{head}{drawn if found else '<p>Nothing in this time.</p>'}</article>"


def _answers(target: dict[str, Any], kind: str, over_s: float, prometheus: str) -> Iterator[Series]:
    """What Prometheus answers to a query, without the values that are no numbers."""
    query, now = filled(target["expr"], over_s), time.time()
    if kind == "timeseries":
        step = max(1.0, over_s / 240)
        asked = {"query": query, "start": now - over_s, "end": now, "step": step}
        found = _fetch(f"{prometheus}/api/v1/query_range?{urllib.parse.urlencode(asked)}")
    else:
        found = _fetch(f"{prometheus}/api/v1/query?{urllib.parse.urlencode({'query': query})}")
    for each in found["data"]["result"]:
        points = [(at, float(value)) for at, value in each.get("values") or [each["value"]] if value != "NaN"]
        if points:
            yield _named(target["legendFormat"], each["metric"]), points


def filled(expr: str, over_s: float) -> str:
    """A query with what Grafana puts into it.

    :param over_s: seconds that the dashboard looks back.
    """
    return expr.replace("$__range", f"{over_s:.0f}s").replace("$pipeline", ".*").replace("$slow", "10m")


def _named(legend: str, labels: dict[str, str]) -> str:
    for name, value in labels.items():
        legend = legend.replace(f"{{{{{name}}}}}", value)
    return legend


def _lines(found: Sequence[Series], unit: str) -> str:
    times = [at for _, points in found for at, _ in points]
    top = max((value for _, points in found for _, value in points), default=0.0) or 1.0
    first, span = min(times, default=0.0), (max(times, default=1.0) - min(times, default=0.0)) or 1.0
    drawn, legend = [], []
    for index, (name, points) in enumerate(found):
        colour = COLOURS[index % len(COLOURS)]
        path = " ".join(f"{(at - first) / span * WIDTH:.1f},{(1 - value / top) * HEIGHT:.1f}" for at, value in points)
        drawn.append(f"<polyline points='{path}' fill=none stroke='{colour}' stroke-width=2 />")
        drawn += [f"<circle cx={WIDTH} cy={HEIGHT} r=3 fill='{colour}' />"] if len(points) == 1 else []
        legend.append(f"<span style='color:{colour}'>■</span> {html.escape(name)} ({_said(points[-1][1], unit)})")
    svg = f"<svg viewBox='-2 -2 {WIDTH + 4} {HEIGHT + 4}' role=img aria-label='0 to {_said(top, unit)}'>{''.join(drawn)}</svg>"
    return f"<p>0 to {_said(top, unit)}</p>{svg}<p>{' '.join(legend)}</p>"


def _bars(found: Sequence[Series], unit: str) -> str:
    top = max((points[-1][1] for _, points in found), default=0.0) or 1.0
    rows = [
        f"<tr><td>{html.escape(name)}<td style='width:45%'><div class=bar style='width:{100 * points[-1][1] / top:.1f}%'></div>"
        f"<td>{_said(points[-1][1], unit)}"
        for name, points in found
    ]
    return f"<table>{''.join(rows)}</table>"


def _numbers(found: Sequence[Series], unit: str) -> str:
    rows = [f"<tr><td>{html.escape(name)}<td class=big>{_said(points[-1][1], unit)}" for name, points in found]
    return f"<table>{''.join(rows)}</table>"


def _said(value: float, unit: str) -> str:
    """A number as a person reads it."""
    if unit == "percentunit":
        return f"{100 * value:.0f} %"
    if unit == "bytes":
        power = min(4, int(math.log(max(value, 1.0), 1024)))
        value, unit = value / 1024**power, ("B", "KiB", "MiB", "GiB", "TiB")[power]
    few = (
        min(9, 1 - math.floor(math.log10(value))) if 0 < value < 0.1 else 0
    )  # digits behind the point: two that say something
    text = f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.{few}f}" if few else f"{value:.3g}"
    return f"{text} {NAMES.get(unit, unit)}".rstrip()


def _fetch(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - http alone, see below
        return json.load(answer)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or not sys.argv[1].startswith("http"):
        sys.exit("usage: python -m observability.preview http://127.0.0.1:9090 [HOURS] > page.html")
    try:
        print(render(sys.argv[1].rstrip("/"), 3600 * float(sys.argv[2] if len(sys.argv) == 3 else 24)))
    except urllib.error.URLError as error:
        sys.exit(f"{sys.argv[1]} does not answer as a Prometheus: {error}; `make observe` starts one")
