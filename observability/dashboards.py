"""Builds the dashboards' JSON with Grafana's own SDK."""

from typing import Any

from grafana_foundation_sdk.builders import (
    bargauge,
    dashboard,
    logs,
    loki,
    prometheus,
    stat,
    table,
    timeseries,
)
from grafana_foundation_sdk.builders.common import TableSortByFieldState
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import BigValueColorMode, BigValueTextMode
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    DataSourceRef,
    DynamicConfigValue,
    Threshold,
    ThresholdsMode,
)
from grafana_foundation_sdk.models.tempo import TempoQuery

from observability.panels import RUNBOOK, Board, Panel
from observability.promql import PIPELINE, name_of
from platerunner_unit.contract.telemetry import signals

SOURCE, LOKI, TEMPO = (DataSourceRef(type_val=name, uid=name) for name in ("prometheus", "loki", "tempo"))
WIDTH, HEIGHT = 12, 8
SLOW = "10m"
NUMBERS = {"timeseries": timeseries.Panel, "stat": stat.Panel, "bars": bargauge.Panel}
WORDS = {"logs": logs.Panel, "spans": table.Panel}
FIELD = "${__data.fields['%s']}"
UNIT_PAGE = f"${{airflow}}/platerunner/dags/{FIELD}/runs/{FIELD}/tasks/{FIELD}/#unit={FIELD}" % (
    signals.PIPELINE, "platerunner.run_id", signals.STEP, "platerunner.unit",
)  # fmt: skip


def render(board: Board) -> str:
    """A dashboard's JSON."""
    made = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.about)
        .tags(["platerunner"])
        .editable()
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .time("now-24h", "now")
        .refresh("30s")
        .with_variable(_pipelines())
        .with_variable(dashboard.TextBoxVariable("airflow").label("Airflow").default_value("http://127.0.0.1:8080"))
        .link(_link("Airflow", "${airflow}/dags"))
        .link(_link("Runbook", RUNBOOK))
        .link(
            dashboard.DashboardLink("Platerunner")
            .type(DashboardLinkType.DASHBOARDS)
            .tags(["platerunner"])
            .as_dropdown(True)
        )
    )
    if any("$slow" in query for panel in board.panels for query, _ in panel.queries):
        made.with_variable(dashboard.TextBoxVariable("slow").label("Slow is over").default_value(SLOW))
    for panel in board.panels:
        made.with_panel(_of_words(panel) if panel.kind in WORDS else _of_numbers(panel))
    return JSONEncoder(sort_keys=True, indent=2).encode(made.build()) + "\n"


def _pipelines() -> Any:
    variable = dashboard.QueryVariable("pipeline").label("Pipeline").datasource(SOURCE)
    variable.query(f"label_values({name_of(signals.STEP_UNITS)}, {PIPELINE})").multi(True).include_all(True).all_value(
        ".*"
    )
    return variable


def _link(title: str, url: str) -> Any:
    return dashboard.DashboardLink(title).type(DashboardLinkType.LINK).url(url).target_blank(True)


def _of_words(panel: Panel) -> Any:
    """Lines of Loki, or spans of Tempo in a table, whose units lead to their pages in Airflow."""
    made = WORDS[panel.kind]().title(panel.title).description(panel.about).span(2 * WIDTH).height(HEIGHT)
    for query, _ in panel.queries:
        if panel.kind == "logs":
            made.datasource(LOKI).with_target(loki.Dataquery().datasource(LOKI).expr(query).max_lines(500))
        else:
            asked = _Spans(query)
            made.datasource(TEMPO).with_target(asked)
            page = {"title": "The unit in Airflow", "url": UNIT_PAGE, "targetBlank": True}
            made.override_by_name("platerunner.unit", [DynamicConfigValue(id_val="links", value=[page])])
            made.sort_by([TableSortByFieldState().display_name("Duration").desc(True)])
    return made


class _Spans(TempoQuery):
    """A query with a row for each span, as Grafana has them; the SDK does not know the choice yet."""

    def __init__(self, query: str) -> None:
        super().__init__(datasource=TEMPO, query_type="traceql", query=query, limit=200)

    def build(self) -> TempoQuery:
        """What a panel's builder asks its parts for."""
        return self

    def to_json(self) -> dict[str, object]:
        return {**super().to_json(), "tableType": "spans"}


def _of_numbers(panel: Panel) -> Any:
    made = NUMBERS[panel.kind]().title(panel.title).description(panel.about).datasource(SOURCE).unit(panel.unit)
    made.span(WIDTH).height(HEIGHT).min(0).thresholds(_thresholds(panel))
    if panel.alert:
        made.links([_link(f"Runbook: {panel.alert}", f"{RUNBOOK}#{panel.alert.lower()}")])
    if panel.kind == "stat":
        made.color_mode(BigValueColorMode.VALUE).text_mode(BigValueTextMode.VALUE_AND_NAME)
    for expr, legend in panel.queries:
        query = prometheus.Dataquery().expr(expr).legend_format(legend).datasource(SOURCE)
        made.with_target(query.range().exemplar(True) if panel.kind == "timeseries" else query.instant())
    return made


def _thresholds(panel: Panel) -> Any:
    steps = [Threshold(value=None, color="green")]
    steps += [
        Threshold(value=at, color=colour)
        for at, colour in ((panel.warn, "yellow"), (panel.bad, "red"))
        if at is not None
    ]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)
