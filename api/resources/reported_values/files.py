"""Files of reported values: written for a city's year, and taken in."""

from __future__ import annotations

from typing import Literal

from fastapi import Response

from api.context import Context
from bypuls.collection.importing import Receipt, import_form, read_upload
from bypuls.collection.writing import Filled, write_file
from bypuls.storage.reported_values import city_facts, city_names, reported_values
from bypuls.u4ssc.catalogue import load_catalogue

_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8; header=present",
}


def file_of(
    context: Context,
    city: str,
    year: int,
    form: tuple[Literal["xlsx", "csv"], Literal["nb", "en"]],
    *,
    filled: bool,
) -> Response:
    """The template of a city's year, filled or not, to be saved."""
    kind, language = form
    with context.reading() as connection:
        names, facts = city_names(connection, city), city_facts(connection, city, year)
        values = reported_values(connection, city, year) if filled else {}
    content = write_file(
        Filled(
            catalogue=load_catalogue(),
            city=names.get(language) or next(iter(names.values()), city),
            year=year,
            language=language,
            facts=facts,
            values=values,
        ),
        kind,
    )
    name = f"u4ssc-{city}-{year}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, headers=headers, media_type=_TYPES[kind])


def take_file(context: Context, city: str, year: int, data: bytes, who: str, *, dry_run: bool) -> Receipt:
    """Store what a filled template says.

    Raises:
        SettingsError: it is no template.
    """
    form = read_upload(data, load_catalogue())
    with context.writing() as connection:
        return import_form(connection, city, year, form, who, dry_run=dry_run)
