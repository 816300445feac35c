"""A request's body as what somebody says of a data point."""

from __future__ import annotations

from decimal import Decimal

from api.problems import InvalidParameter
from api.resources.reported_values.schemas import ValueSaid
from bypuls.collection.columns import TEXTS, Name
from bypuls.collection.said import Said
from bypuls.collection.texts import BadText, clean
from bypuls.u4ssc.catalogue import Point

_KEPT: tuple[Name, ...] = ("data_quality", "data_origin", "source", "comment", "verified")


def said_of(point: Point, body: ValueSaid) -> Said:
    """What a body says of a data point; what it leaves out stays as it is stored.

    Raises:
        InvalidParameter: it says nothing, or a text cannot be stored.
    """
    numbers = (body.value, body.numerator, body.denominator)
    if body.not_reported and any(number is not None for number in numbers):
        raise InvalidParameter("body: not_reported is true, and a number is given: one of them")
    if body.value is None and body.numerator is None and body.denominator is not None:
        raise InvalidParameter("body: a denominator alone says nothing: give the numerator, or the value")
    if isinstance(body.value, bool) and not point.yes_or_no:
        raise InvalidParameter(f"body value: {point.kpi.code} is a number in {point.unit}, not yes or no")
    texts: dict[str, str | None] = {}
    for name in (*TEXTS, "unit"):
        text = getattr(body, name)
        try:
            texts[name] = clean(text) if text is not None else None
        except BadText as error:
            message = f"body {name}: {error}"
            raise InvalidParameter(message) from None
    return Said(
        point=point,
        not_reported=body.not_reported,
        kept=not body.not_reported and all(number is None for number in numbers),
        value=_decimal(body.value),
        numerator=_decimal(body.numerator),
        denominator=_decimal(body.denominator),
        unit=texts["unit"],
        data_quality=body.data_quality,
        data_origin=texts["data_origin"],
        source=texts["source"],
        comment=texts["comment"],
        verified=body.verified,
        given=frozenset(name for name in _KEPT if name in body.model_fields_set),
        where={"result": "value"},
    )


def _decimal(number: float | None) -> Decimal | None:
    if number is None:
        return None
    return Decimal(int(number)) if isinstance(number, bool) else Decimal(repr(number))
