"""What a reported value looks like in an answer and in a request."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt

from api.listing import InCity
from api.problems import WrongValue
from api.times import Moment

Quality = Literal[
    "accurate_measurement",
    "survey_extrapolation",
    "higher_level_extrapolation",
    "assumption_estimate",
    "personal_estimate",
    "unknown_method",
]
Verified = Literal["yes", "no", "unknown"]
Number = Annotated[StrictInt | StrictFloat, Field(ge=-1e300, le=1e300)]
Year = Annotated[int, Field(ge=1900, le=2200, examples=[2024])]
Text = Annotated[str, Field(max_length=4000)]


class ReportedValuesWanted(InCity):
    """Parameters of the list."""

    year: Year | None = None
    code: str | None = Field(None, description="U4SSC's code.", examples=["EN: EN: AQ: 1C"])
    data_point: str | None = Field(None, examples=["pm_10"])
    origin: Literal["reported", "register"] | None = None
    as_of: Moment | None = Field(None, description="What was said at that time.")


class Place(BaseModel):
    """Which data point of which city and year."""

    model_config = ConfigDict(extra="forbid")

    city: str = Field(max_length=63, description="Slug of the city.", examples=["trondheim"])
    year: Year
    code: str = Field(max_length=40, description="U4SSC's code.", examples=["EC: ICT: ICT: 1C"])
    data_point: str = Field("", max_length=40, description="Where the KPI has several.", examples=["pm_10"])


class Change(Place):
    """Which data point is changed, and what was seen there before."""

    seen: Literal["none"] | Moment | None = Field(
        None,
        description="`changed_at` of the value that is replaced, or `none` where there was none: 409 says who entered "
        "another meanwhile. Left out: whatever stands is replaced.",
    )


class HistoryWanted(InCity):
    """Which data point's history."""

    year: Year
    code: str = Field(max_length=40, description="U4SSC's code.", examples=["EC: ICT: ICT: 1C"])
    data_point: str = Field("", max_length=40, description="Where the KPI has several.", examples=["pm_10"])


class ReportedValue(BaseModel):
    """What a city says of a data point of U4SSC for a year, or what a register says of it."""

    city: str = Field(examples=["trondheim"])
    year: int = Field(examples=[2024])
    code: str = Field(examples=["EC: ICT: ICT: 1C"])
    data_point: str = Field(description='"" where the KPI has one value.', examples=[""])
    origin: Literal["reported", "register"]
    value: float | None = Field(description="null: the city says that it has none (NR). yes is 1, no is 0.")
    numerator: float | None
    denominator: float | None
    unit: str = Field(description="U4SSC's.", examples=["%"])
    not_reported: bool
    data_quality: Quality = Field(description="One of the six levels of the Verification Manual (2022), p.163.")
    data_origin: str | None = Field(description="Who holds the data.")
    source: str | None
    comment: str | None
    verified: Verified = Field(description="By an approved verifier.")
    changed_at: datetime
    changed_at_local: datetime


class EarlierValue(ReportedValue):
    """What was said before."""

    superseded_at: datetime
    superseded_at_local: datetime


class ValueSaid(BaseModel):
    """What a city says: the value, or its parts, or that there is none. What is left out stays as it is stored."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "numerator": 97000,
                    "denominator": 100000,
                    "data_quality": "survey_extrapolation",
                    "source": "Statistics Norway, ICT in households",
                },
                {"not_reported": True, "comment": "no register of them"},
            ]
        },
    )

    value: Number | StrictBool | None = Field(None, description="In `unit`. With both parts it may be left out.")
    numerator: Number | None = None
    denominator: Number | None = Field(
        None,
        description="Left out: the city's population or households, where U4SSC "
        "takes that and the city's facts have it.",
    )
    not_reported: bool = Field(False, description="true: the city has no value (NR).")
    unit: Text | None = Field(None, description="Left out: U4SSC's. Another is converted, or refused.")
    data_quality: Quality | None = None
    data_origin: Text | None = Field(None, description="Who holds the data.")
    source: Text | None = Field(None, description="Is published: name no person.")
    comment: Text | None = Field(None, description="Is published: name no person.")
    verified: Verified | None = Field(
        None, description="What an approved verifier says; yes and no are taken from whoever did not enter the number."
    )


class Remark(BaseModel):
    """Something the city should look at before a verifier does."""

    where: str = Field(examples=["numerator"])
    message: str
    text: dict[str, str] | None = Field(description="The message in both languages; null: there in English alone.")
    code: str
    data_point: str


class WrongStatement(WrongValue):
    """One thing that keeps a value from being stored."""

    text: dict[str, str] | None = Field(None, description="The message in both languages, where it is there in both.")


class ValueTaken(BaseModel):
    """The value as it stands now, and what to look at."""

    changed: bool = Field(description="false: the same stood before.")
    value: ReportedValue
    warnings: list[Remark]


class FileReceipt(BaseModel):
    """What became of a file. All of it is stored, or nothing."""

    rows: int = Field(description="Of data points.")
    empty: int = Field(description="Of them left empty: what is stored for these stays.")
    stored: int
    unchanged: int
    refused: list[Remark] = Field(description="With the cell, and how to mend it.")
    warnings: list[Remark]
    notes: list[str]
    dry_run: bool
