"""The catalogue of the U4SSC KPIs: complete, strict, and every theme of the roadmap has a KPI."""

import json

import msgspec
import pytest
import yaml

from bypuls.errors import CatalogueError, NotFound
from bypuls.kpi import load_definitions
from bypuls.u4ssc.catalogue import as_code, load_catalogue, parse_catalogue
from tests.conftest import SHARED

CATALOGUE = load_catalogue()


def test_every_kpi_and_every_data_point_is_there():
    """ITU's counts: 91 KPIs (Verification Report Canton of Geneva 2022 p.27), 3 dimensions, 7 sub-dimensions, 22
    categories by name (Verification Manual 2022 p.15)."""
    assert (len(CATALOGUE.kpis), len(CATALOGUE.points)) == (91, 112)
    assert len({kpi.dimension for kpi in CATALOGUE.kpis.values()}) == 3
    assert len({(kpi.dimension, kpi.sub_dimension) for kpi in CATALOGUE.kpis.values()}) == 7
    assert len({kpi.category for kpi in CATALOGUE.kpis.values()}) == 22


@pytest.mark.shared
def test_the_facts_are_those_of_the_compiled_notes():
    path = SHARED / "data/u4ssc_kpis.yaml"
    if not path.exists():
        pytest.skip("no ../shared/data/u4ssc_kpis.yaml beside this checkout")
    # fmt: off
    same = ("level", "kind", "numerator", "denominator", "multiplier", "direction", "sdg", "sdg_indicators", "unit",
            "benchmark", "verification", "unverified", "sensor_computable", "sensor_note", "source", "category")
    # fmt: on
    for given in yaml.safe_load(path.read_text(encoding="utf-8"))["kpis"]:
        kpi = CATALOGUE.kpis[given["id"]]
        ours = msgspec.to_builtins(kpi)
        assert {name: ours[name] for name in same} == {name: given[name] for name in same}, kpi.code
        assert ours["unverified_fields"] == given.get("unverified_fields", [])
        assert [entry.id for entry in kpi.data_points] == given.get("data_points", [])
        assert kpi.name.en == given["name"]


def test_codes_are_read_however_they_are_spaced():
    assert as_code("EN:EN:AQ:1C") == as_code(" en: en: aq: 1c ") == as_code("EN : EN : AQ : 1C") == "EN: EN: AQ: 1C"
    assert CATALOGUE.point("EN:EN:AQ:1C", "PM_10").unit == "µg/m3"
    with pytest.raises(NotFound, match=r"one of pm_2\.5, pm_10"):
        CATALOGUE.point("EN: EN: AQ: 1C")
    with pytest.raises(NotFound, match="no KPI 'EN: EN: AQ: 9C'"):
        CATALOGUE.code("EN: EN: AQ: 9C")


def test_a_data_point_may_differ_from_its_kpi():
    number, percent = CATALOGUE.of("EC: ICT: PS: 1A")
    assert (number.unit, number.scored, number.multiplier) == ("number", False, 1)
    assert (percent.unit, percent.scored, percent.multiplier, percent.share) == ("%", True, 100, True)


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("level: core", "level: cores", "Invalid enum value 'cores'"),
        ("level: core", "level: advanced", "is no code of its level"),
        ("target_images: [inclusive, attractive]", "target_images: [mobile]", "themes are none of the roadmap's"),
        ("  category: ICT Infrastructure", "  category: Infrastructures", "is not in meta.groups"),
        ("  multiplier: 100", "  multiplier: 100\n  per: 3", "unknown field `per`"),
        ("{id: burnt", "{id: landfill", "a data point stands twice"),
        ("kpis: 91", "kpis: 92", "counts say"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(old, new, wrong):
    text = yaml_text()
    assert old in text
    with pytest.raises(CatalogueError, match="u4ssc.yaml: .*" + wrong):
        parse_catalogue(text.replace(old, new, 1).encode())


def yaml_text():
    from importlib.resources import files

    return files("bypuls").joinpath("catalogue/u4ssc.yaml").read_text(encoding="utf-8")


def test_every_theme_of_the_roadmap_has_a_kpi_that_tells_of_it():
    """Target images and principles without any KPI, of U4SSC or our own: none. (Six and eight: the roadmap's.)"""
    images, principles = {*CATALOGUE.roadmap.target_images}, {*CATALOGUE.roadmap.principles}
    assert (len(images), len(principles)) == (6, 8)
    told = [msgspec.to_builtins(kpi.themes) for kpi in CATALOGUE.kpis.values()]
    told += [dict(kpi.themes) for kpi in load_definitions().values()]
    assert images - {image for themes in told for image in themes["target_images"]} == set()
    assert principles - {principle for themes in told for principle in themes["principles"]} == set()


@pytest.mark.parametrize("kpi", CATALOGUE.kpis.values(), ids=lambda kpi: kpi.code)
def test_every_kpi_tells_of_an_image_and_a_principle(kpi):
    assert kpi.themes.target_images
    assert kpi.themes.principles


def test_our_own_kpis_name_themes_and_codes_that_exist():
    for definition in load_definitions().values():
        assert {*definition.themes["target_images"]} <= {*CATALOGUE.roadmap.target_images}, definition.id
        assert {*definition.themes["principles"]} <= {*CATALOGUE.roadmap.principles}, definition.id
        assert definition.u4ssc is None or definition.u4ssc in CATALOGUE.kpis, definition.id


def test_what_computes_a_data_point_says_so_in_its_own_file_too():
    definitions = load_definitions()
    for point in CATALOGUE.points.values():
        if point.computed_by:
            definition = definitions[point.computed_by.kpi]
            assert (definition.u4ssc, definition.unit) == (point.kpi.code, point.computed_by.unit), definition.id
            assert "P1Y" in definition.periods
            assert "city" in definition.scope


def test_what_stands_beside_a_kpi_has_years_of_the_whole_city():
    definitions = load_definitions()
    named = [name for kpi in CATALOGUE.kpis.values() for name in kpi.beside]
    assert "noise.lden" in named
    for name in named:
        assert "P1Y" in definitions[name].periods, name
        assert "city" in definitions[name].scope, name


def test_the_catalogue_can_be_written_as_json():
    assert json.loads(msgspec.json.encode(CATALOGUE.kpis["EN: EN: AQ: 1C"]))["code"] == "EN: EN: AQ: 1C"
