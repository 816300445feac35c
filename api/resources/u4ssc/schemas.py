"""What is asked about a city's year by U4SSC, and what a benchmark is."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.given import OfCity
from api.resources.u4ssc.mirror import model_of
from api.times import Moment
from bypuls.u4ssc import assessment

Assessment = model_of(assessment.Assessment)

Texts = dict[str, str]


class CatalogueWanted(BaseModel):
    """Parameters of the catalogue."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["json", "csv"] | None = Field(None, description="Goes before the Accept header.")


class DataPoint(BaseModel):
    """One of the 112 data points of the 91 KPIs."""

    code: str = Field(examples=["EN: EN: AQ: 1C"])
    data_point: str = Field(description="Empty where the KPI has one value only.", examples=["pm_10"])
    name_en: str
    name_nb: str
    data_point_name_en: str
    data_point_name_nb: str
    definition_en: str
    definition_nb: str
    dimension: str
    sub_dimension: str
    category: str
    level: Literal["core", "advanced"]
    kind: str | None = Field(description="smart, structural or sustainable; null where ITU's page was not seen.")
    unit: str
    numerator: str
    denominator: str | None
    multiplier: float = Field(description="value = numerator / denominator x multiplier")
    direction: Literal["higher_better", "lower_better", "none_stated"]
    scored: bool = Field(description="U4SSC has a benchmark for it; its number is not published.")
    sensor_computable: Literal["yes", "partly", "no"]
    computed_by: str | None = Field(description="The KPI of ours whose year is its value.")
    sdg: list[str]
    target_images: list[str] = Field(description="Of the Norwegian roadmap for smart cities.")
    principles: list[int]
    verification: str = Field(description="How much of the definition was read where.")
    unverified: bool
    unverified_fields: list[str]
    source: list[str]
    label: Texts = Field(description="Of everything that is computed by this catalogue.")


class YearWanted(OfCity):
    """A city's year."""

    year: int = Field(ge=1900, le=2200, examples=[2020])
    as_of: Moment | None = Field(None, description="As it was known at that time.")


class ExportWanted(BaseModel):
    """A city's year as entities of FIWARE."""

    model_config = ConfigDict(extra="forbid")

    city: str = Field(max_length=63, description="Slug of the city.", examples=["trondheim"])
    year: int = Field(ge=1900, le=2200, examples=[2020])
    form: Literal["ngsi-ld", "ngsi-v2"] = "ngsi-ld"
    language: Literal["en", "nb"] = Field("en", description="Of names and descriptions.")


class BenchmarkPlace(BaseModel):
    """Which benchmark."""

    model_config = ConfigDict(extra="forbid")

    city: str = Field(max_length=63, description="Slug of the city.", examples=["trondheim"])
    code: str = Field(max_length=40, description="U4SSC's code.", examples=["EN: EN: AQ: 1C"])
    data_point: str = Field("", max_length=20, description="Where the KPI has several.", examples=["pm_10"])
    valid_from: date = Field(
        description="From this day on; of several, the newest at the end of a year is that year's."
    )


class BenchmarkSent(BaseModel):
    """What 0 and 100 percent of target are."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"start": 25, "target": 15, "source": "WHO 2021 as the city's own target"}]},
    )

    start: float = Field(allow_inf_nan=False, description="0 % of target: the worst value.")
    target: float = Field(allow_inf_nan=False, description="100 % of target.")
    source: str = Field(min_length=1, max_length=1000, pattern=r"\S", description="Where the target is from.")

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.start == self.target:
            raise ValueError("start and target are the same: nothing lies between 0 and 100 percent")
        return self


class Benchmark(BaseModel):
    """A configured benchmark: the city's, not U4SSC's."""

    city: str
    code: str
    data_point: str
    valid_from: date
    start: float
    target: float
    source: str
    label: Texts


class Entity(BaseModel):
    """An entity of FIWARE's KeyPerformanceIndicator."""

    model_config = ConfigDict(extra="allow")

    id: str
    type: Literal["KeyPerformanceIndicator"]
    kpiValue: Any  # noqa: N815 - the model's spelling
