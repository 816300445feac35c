"""Describes answers that are msgspec structs: a pydantic model with the same fields, for the OpenAPI document alone."""

from __future__ import annotations

import types
from functools import cache, reduce
from operator import or_
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
from pydantic import BaseModel, Field, create_model


@cache
def model_of(struct: type[msgspec.Struct]) -> type[BaseModel]:
    """A model that describes what a struct is written as: every field is there, as msgspec writes them."""
    hints = get_type_hints(struct)
    fields: dict[str, Any] = {
        # Some of our words ("register") are pydantic's own: another name, the same in the description.
        f"{one.name}_": (_described(hints[one.name]), Field(alias=one.encode_name))
        for one in msgspec.structs.fields(struct)
    }
    doc = (struct.__doc__ or "").split("\n\n", 1)[0]
    return create_model(struct.__name__, __doc__=doc, **fields)


def _described(kind: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return model_of(kind)
    origin, inner = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        return reduce(or_, (_described(one) for one in inner))
    if origin is list:
        return list[_described(inner[0])]  # type: ignore[misc]  # a list of what the struct's hint says
    return kind
