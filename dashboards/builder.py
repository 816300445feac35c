"""Boards as typed code: our few panel kinds, made of the Grafana Foundation SDK's models.

The one module that knows the SDK. It mends what the SDK leaves out or adds (panel ids, places on the grid, a query for
PostgreSQL, the `placement` of links) and gives every panel the house's look.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, cast

from dashboards.parts import SOURCE_TYPE, SOURCE_UID, At, Column, Field, Query, Step, Variable, Words
from dashboards.text import Text

with warnings.catch_warnings():
    # The SDK warns at import that dashboards of schema 2 are preferred; Grafana's file provisioning reads schema 1.
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.cog.variants import Dataquery as _Dataquery
    from grafana_foundation_sdk.models import bargauge as _bargauge
    from grafana_foundation_sdk.models import common as _common
    from grafana_foundation_sdk.models import dashboard as _dashboard
    from grafana_foundation_sdk.models import geomap as _geomap
    from grafana_foundation_sdk.models import stat as _stat
    from grafana_foundation_sdk.models import statetimeline as _statetimeline
    from grafana_foundation_sdk.models import table as _table
    from grafana_foundation_sdk.models import text as _text
    from grafana_foundation_sdk.models import timeseries as _timeseries

_SOURCE = _common.DataSourceRef(type_val=SOURCE_TYPE, uid=SOURCE_UID)
_COLUMNS = 24

Panel = _dashboard.Panel


@dataclass(frozen=True, slots=True)
class _Kind:
    """What differs between kinds of panels."""

    name: str
    options: object
    custom: object = None
    interval: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """Panels under one heading (none: at the top); they flow from left to right in lines of 24."""

    panels: Sequence[Panel]
    id: int = 0
    title: Text | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard: one question. `sections` builds its panels."""

    uid: str
    title: Text
    description: Text
    sections: Callable[[], Sequence[Section]]
    variables: Sequence[Variable] = ()
    since: str = "now-7d"
    refresh: str = "1m"
    links: Sequence[tuple[Text, str]] = field(default_factory=tuple)
    tags: Sequence[str] = ("bypuls",)


class PostgresQuery(_Dataquery):
    """A query of Grafana's PostgreSQL data source, which the SDK has no model of."""

    def __init__(self, query: Query) -> None:
        self.query = query

    def to_json(self) -> dict[str, object]:
        """As Grafana's own editor saves it."""
        return {
            "refId": self.query.ref,
            "datasource": _SOURCE,
            "editorMode": "code",
            "format": self.query.format,
            "rawQuery": True,
            "rawSql": self.query.sql.strip(),
        }


# --- panels ----------------------------------------------------------------------------------------------------------


def stat(at: At, words: Words, queries: Sequence[Query], shown: Field, columns: Sequence[Column] = ()) -> Panel:
    """One number: the column `value` of the first query's row."""
    options = _stat.Options(
        graph_mode=_common.BigValueGraphMode.NONE,
        color_mode=_common.BigValueColorMode.BACKGROUND_SOLID
        if shown.steps or shown.names
        else _common.BigValueColorMode.NONE,
        reduce_options=_common.ReduceDataOptions(values=False, calcs=["lastNotNull"], fields="/^value$/"),
    )
    return _panel(_Kind("stat", options), at, words, queries, shown, columns)


def timeseries(
    at: At, words: Words, queries: Sequence[Query], shown: Field, columns: Sequence[Column] = (),
    *, interval: str = "1h",
) -> Panel:  # fmt: skip
    """Lines over time; gaps stay gaps. `interval` is the width of a point at least."""
    custom = _common.GraphFieldConfig(
        draw_style=_common.GraphDrawStyle.BARS if shown.bars else _common.GraphDrawStyle.LINE,
        line_width=1 if shown.bars else 2,
        fill_opacity=60 if shown.bars else 0,
        show_points=_common.VisibilityMode.NEVER if shown.bars else _common.VisibilityMode.AUTO,
        span_nulls=False,
        thresholds_style=_common.GraphThresholdsStyleConfig(
            mode=_common.GraphThresholdsStyleMode.AREA if shown.banded else _common.GraphThresholdsStyleMode.OFF
        ),
    )
    options = _timeseries.Options(legend=_legend(), tooltip=_tooltip())
    return _panel(_Kind("timeseries", options, custom, interval), at, words, queries, shown, columns)


def table(at: At, words: Words, query: Query, shown: Field, columns: Sequence[Column]) -> Panel:
    """Rows as the query orders them."""
    options = _table.Options(cell_height=_common.TableCellHeight.SM)
    return _panel(_Kind("table", options), at, words, [query], shown, columns)


def bars(at: At, words: Words, query: Query, shown: Field, *, upright: bool = False) -> Panel:
    """One bar per row of a table: its text column names it, the column `value` is its length."""
    options = _bargauge.Options(
        display_mode=_common.BarGaugeDisplayMode.BASIC,
        orientation=_common.VizOrientation.VERTICAL if upright else _common.VizOrientation.HORIZONTAL,
        reduce_options=_common.ReduceDataOptions(values=True, calcs=[], fields="/^value$/", limit=32),
        show_unfilled=True,
    )
    return _panel(_Kind("bargauge", options), at, words, [query], shown)


def state_timeline(at: At, words: Words, queries: Sequence[Query], shown: Field, *, interval: str = "1h") -> Panel:
    """A row per series, coloured by the state its number stands for; no data stays empty."""
    options = _statetimeline.Options(
        show_value=_common.VisibilityMode.NEVER,
        merge_values=True,
        row_height=0.85,
        legend=_legend(),
        tooltip=_tooltip(),
    )
    custom = _statetimeline.FieldConfig(fill_opacity=90, span_nulls=False)
    return _panel(_Kind("state-timeline", options, custom, interval), at, words, queries, shown)


def geomap(at: At, words: Words, query: Query, shown: Field, columns: Sequence[Column], *, by: str) -> Panel:
    """Sites as marks coloured by the column `by`; rows have latitude and longitude."""
    mark = {
        "size": {"fixed": 9, "min": 4, "max": 16},
        "color": {"field": by, "fixed": "#8894a0"},
        "opacity": 0.9,
        "symbol": {"mode": "fixed", "fixed": "img/icons/marker/circle.svg"},
        "text": {"mode": "field", "field": "name", "fixed": ""},
        "textConfig": {"fontSize": 11, "offsetX": 0, "offsetY": -14, "textAlign": "center", "textBaseline": "middle"},
    }
    layer = _common.MapLayerOptions(
        type_val="markers",
        name="Sites",
        config={"style": mark, "showLegend": True},
        location=_common.FrameGeometrySource(
            mode=_common.FrameGeometrySourceMode.COORDS, latitude="latitude", longitude="longitude"
        ),
        tooltip=True,
    )
    options = _geomap.Options(
        view=_geomap.MapViewConfig(id_val="fit", all_layers=True, padding=8),
        controls=_geomap.ControlsOptions(show_zoom=True, mouse_wheel_zoom=False, show_attribution=True),
        basemap=_common.MapLayerOptions(type_val="default", name="Basemap"),
        layers=[layer],
        tooltip=_geomap.TooltipOptions(mode=_geomap.TooltipMode.DETAILS),
    )
    return _panel(_Kind("geomap", options), at, words, [query], shown, columns)


def note(at: At, words: Words, content: Text) -> Panel:
    """A text that stands on the board."""
    options = _text.Options(mode=_text.TextMode.MARKDOWN, content=content)
    return _panel(_Kind("text", options), at, words, [], Field())


def _panel(
    kind: _Kind, at: At, words: Words, queries: Sequence[Query], shown: Field, columns: Sequence[Column] = ()
) -> Panel:
    defaults = _dashboard.FieldConfig(
        unit=shown.unit,
        decimals=shown.decimals,
        min_val=shown.low,
        max_val=shown.high,
        no_value=shown.no_value,
        thresholds=_thresholds(shown.steps),
        mappings=_mappings(shown.names),
        color=_dashboard.FieldColor(
            mode=_dashboard.FieldColorModeId.PALETTE_CLASSIC
            if kind.name == "timeseries" or not (shown.steps or shown.names)
            else _dashboard.FieldColorModeId.THRESHOLDS
        ),
        links=[_link(*shown.link)] if shown.link else [],
        custom=kind.custom,
    )
    return _dashboard.Panel(
        type_val=kind.name,
        id_val=at.id,
        title=words.title,
        description=words.about,
        datasource=_SOURCE,
        targets=[PostgresQuery(query) for query in queries],
        grid_pos=_dashboard.GridPos(w=at.w, h=at.h),
        options=kind.options,
        field_config=_dashboard.FieldConfigSource(defaults, [_override(column) for column in columns]),
        interval=kind.interval,
        max_data_points=400 if kind.interval else None,
    )


def _override(column: Column) -> _dashboard.DashboardFieldConfigSourceOverrides:
    colour = column.colour
    said: dict[str, object] = {
        "displayName": column.title,
        "unit": column.unit,
        "decimals": column.decimals,
        "custom.width": column.width,
        "custom.hidden": column.hidden or None,
        "thresholds": _thresholds(column.steps) if column.steps else None,
        "mappings": _mappings(column.names) or None,
        "links": [_link(*column.link)] if column.link else None,
        "custom.lineStyle": {"fill": "dash", "dash": [8, 6]} if column.dashed else None,
        "custom.drawStyle": "bars" if column.bars else None,
        "custom.fillOpacity": 60 if column.bars else None,
    }
    if colour == "cell":
        said["custom.cellOptions"] = {"type": "color-background", "mode": "basic"}
        said["color"] = _dashboard.FieldColor(mode=_dashboard.FieldColorModeId.THRESHOLDS)
    elif colour is not None:
        said["color"] = _dashboard.FieldColor(mode=_dashboard.FieldColorModeId.FIXED, fixed_color=colour)
    return _dashboard.DashboardFieldConfigSourceOverrides(
        matcher=_dashboard.MatcherConfig(id_val="byName", options=column.name),
        properties=[_dashboard.DynamicConfigValue(name, value) for name, value in said.items() if value is not None],
    )


def _thresholds(steps: Sequence[Step]) -> _dashboard.ThresholdsConfig:
    # Without steps a neutral colour: Grafana's own default is green below 80.
    shown = steps or [Step(None, "#8894a0")]
    return _dashboard.ThresholdsConfig(steps=[_dashboard.Threshold(step.above, step.colour) for step in shown])


def _mappings(names: Sequence[tuple[str, Text, str | None]]) -> list[Any]:
    if not names:
        return []
    options = {
        value: _dashboard.ValueMappingResult(text=text, color=colour, index=index)
        for index, (value, text, colour) in enumerate(names)
    }
    return [_dashboard.ValueMap(options)]


def _link(title: Text, url: str) -> _dashboard.DashboardLink:
    return _dashboard.DashboardLink(title=title, url=url)


def _legend() -> _common.VizLegendOptions:
    return _common.VizLegendOptions(
        display_mode=_common.LegendDisplayMode.LIST,
        placement=_common.LegendPlacement.BOTTOM,
        show_legend=True,
        calcs=[],
    )


def _tooltip() -> _common.VizTooltipOptions:
    return _common.VizTooltipOptions(mode=_common.TooltipDisplayMode.MULTI, sort=_common.SortOrder.DESCENDING)


# --- boards ----------------------------------------------------------------------------------------------------------


def document(board: Board) -> dict[str, Any]:
    """The board as Grafana's JSON (schema 1), its texts still in both languages."""
    made = _dashboard.Dashboard(
        uid=board.uid,
        title=board.title,
        description=board.description,
        tags=list(board.tags),
        timezone="browser",
        editable=False,
        graph_tooltip=_dashboard.DashboardCursorSync.CROSSHAIR,
        time=_dashboard.DashboardDashboardTime(board.since, "now"),
        refresh=board.refresh,
        panels=_placed(board.sections()),
        templating=_dashboard.DashboardDashboardTemplating([_variable(variable) for variable in board.variables]),
        annotations=_dashboard.AnnotationContainer([]),
        links=[_dashboard.DashboardLink(title=title, url=url) for title, url in board.links],
    )
    return cast("dict[str, Any]", _plain(made))


def _placed(sections: Sequence[Section]) -> list[_dashboard.Panel | _dashboard.RowPanel]:
    """Give every panel its place: the SDK's own placing does not mix with heights that differ."""
    placed: list[_dashboard.Panel | _dashboard.RowPanel] = []
    y = 0
    for section in sections:
        if section.title is not None:
            place = _dashboard.GridPos(h=1, w=24, x=0, y=y)
            placed.append(_dashboard.RowPanel(title=section.title, id_val=section.id, grid_pos=place))
            y += 1
        x = height = 0
        for panel in section.panels:
            place = cast("_dashboard.GridPos", panel.grid_pos)
            if x + place.w > _COLUMNS:
                x, y, height = 0, y + height, 0
            place.x, place.y = x, y
            x, height = x + place.w, max(height, place.h)
            placed.append(panel)
        y += height
    return placed


def _variable(variable: Variable) -> _dashboard.VariableModel:
    return _dashboard.VariableModel(
        type_val=_dashboard.VariableType.QUERY,
        name=variable.name,
        label=variable.label,
        query=variable.sql.strip(),
        definition=variable.sql.strip(),
        datasource=_SOURCE,
        multi=variable.several,
        include_all=variable.several,
        current=_dashboard.VariableOption(selected=True, text=["All"], value=["$__all"]) if variable.several else None,
        refresh=_dashboard.VariableRefresh.ON_DASHBOARD_LOAD,
        sort=_dashboard.VariableSort.DISABLED,
        allow_custom_value=False,
        options=[],
    )


def _plain(node: Any) -> Any:
    """Models to dicts and lists; texts stay `Text`, enumerations become their value."""
    if hasattr(node, "to_json"):
        made = node.to_json()
        if isinstance(node, _dashboard.DashboardLink):
            del made["placement"]  # the SDK moves every link into a menu; ours are to be seen
        return _plain(made)
    if isinstance(node, dict):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_plain(value) for value in node]
    return node.value if isinstance(node, Enum) else node
