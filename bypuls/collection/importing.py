"""Takes a filled template in: all of it or nothing, with a receipt of what was read, stored, unchanged and refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bypuls.collection.columns import plain
from bypuls.collection.files import MOST_BYTES, Unreadable
from bypuls.collection.judging import forbids, judge, questions
from bypuls.collection.reading import Form, read_file, read_form
from bypuls.collection.said import Complaint, Said
from bypuls.collection.sentences import both
from bypuls.errors import SettingsError
from bypuls.storage.cities import require_city
from bypuls.storage.collection_rounds import is_closed, signed_kpis
from bypuls.storage.database import Connection
from bypuls.storage.reported_values import (
    Reported,
    city_facts,
    city_names,
    may_verify,
    only_verified,
    put_reported,
    reported_values,
)
from bypuls.u4ssc.catalogue import Key, U4sscCatalogue, load_catalogue
from bypuls.u4ssc.plausibility import Finding


@dataclass(slots=True)
class Receipt:
    """What became of a file.

    Attributes:
        rows: of data points that the file has.
        empty: those that state nothing; what is stored for them stays.
        stored: data points that were stored, or would have been.
        refused: why nothing was stored, each with its cell.
        dry_run: nothing was meant to be stored.
    """

    rows: int = 0
    empty: int = 0
    stored: list[Key] = field(default_factory=list)
    unchanged: int = 0
    refused: list[Complaint] = field(default_factory=list)
    warnings: list[Complaint] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    dry_run: bool = False

    @property
    def taken(self) -> bool:
        """Whether nothing was refused."""
        return not self.refused

    def lines(self) -> list[str]:
        """For people: what must be mended first, the counts last."""
        kept = "nothing is stored until they are mended" if self.refused else ""
        lines = [f"note: {note}" for note in self.notes]
        lines += [f"look at: {warning}" for warning in self.warnings]
        lines += [f"refused: {complaint}" for complaint in self.refused]
        will = "would be stored" if self.dry_run or self.refused else "stored"
        counts = (
            f"{self.rows} rows read: {len(self.stored)} {will}, {self.unchanged} unchanged, {self.empty} left empty"
        )
        refused = f", {len(self.refused)} refused: {kept}" if self.refused else ""
        lines.append(f"{counts}{refused}; {len(self.warnings)} to look at")
        return lines


def read_upload(data: bytes, catalogue: U4sscCatalogue) -> Form:
    """A filled template's statements.

    Raises:
        SettingsError: the file cannot be taken at all.
    """
    if len(data) > MOST_BYTES:
        raise SettingsError(f"the file has {len(data)} bytes; {MOST_BYTES} are read: leave only the template's sheets")
    try:
        return read_form(read_file(data), catalogue)
    except Unreadable as error:
        raise SettingsError(str(error)) from None


def import_form(
    connection: Connection, city: str, year: int, form: Form, who: str, *, dry_run: bool = False
) -> Receipt:
    """Store what a form says in one transaction, unless something in it is refused.

    Raises:
        NotFound: no such city.
    """
    catalogue = load_catalogue()
    require_city(connection, city)
    receipt = Receipt(form.rows, form.empty, refused=list(form.complaints), notes=list(form.notes), dry_run=dry_run)
    receipt.refused += _of_another(connection, city, year, form)
    with connection.transaction():
        stored = reported_values(connection, city, year)
        facts = city_facts(connection, city, year)
        new = _judged(form.said, facts, stored, receipt)
        for one in form.said:
            key = one.point.key
            if key in new and not may_verify(connection, city, year, stored.get(key), new[key], who):
                seen = stored.get(key)
                word = seen.verified if seen is not None and seen.numbers == new[key].numbers else "unknown"
                new[key] = replace(new[key], verified=word)
                receipt.warnings.append(one.told("verified", "verified_by_another"))
        changed = {key: reported for key, reported in new.items() if reported != stored.get(key)}
        receipt.unchanged = len(new) - len(changed)
        receipt.stored = list(changed)
        _judge_together(catalogue, form.said, stored | new, (facts, _last_year(connection, city, year)), receipt)
        values = {key: new for key, new in changed.items() if not only_verified(stored.get(key), new)}
        receipt.refused += _locked(connection, city, year, form.said, values)
        if receipt.taken and not dry_run:
            for key in sorted(changed):  # in one order, so that two imports at once take turns
                put_reported(connection, city, year, changed[key], who)
    return receipt


def _of_another(connection: Connection, city: str, year: int, form: Form) -> list[Complaint]:
    """The file names its city and year: those of another are not taken for this one's."""
    wrong = []
    if form.year is not None and form.year != str(year):
        wrong.append(_of_file("of_another_year", given=form.year[:20], year=str(year)))
    if form.city is not None:
        names = {plain(city), *(plain(name) for name in city_names(connection, city).values())}
        if plain(form.city) not in names:
            wrong.append(_of_file("of_another_city", given=form.city[:40], city=city))
    return wrong


def _of_file(sentence: str, **values: str) -> Complaint:
    english, norwegian = both(sentence, **values)
    return Complaint("", english, nb=norwegian)


def _last_year(connection: Connection, city: str, year: int) -> dict[Key, float]:
    return {key: one.value for key, one in reported_values(connection, city, year - 1).items() if one.value is not None}


def _judged(
    said: Sequence[Said], facts: Mapping[str, float], stored: Mapping[Key, Reported], receipt: Receipt
) -> dict[Key, Reported]:
    new: dict[Key, Reported] = {}
    for one in said:
        judged = judge(one, facts, stored.get(one.point.key))
        receipt.refused += judged.wrong
        receipt.warnings += judged.warnings
        if judged.reported is not None:
            new[one.point.key] = judged.reported
    return new


def _judge_together(
    catalogue: U4sscCatalogue,
    said: Sequence[Said],
    values: Mapping[Key, Reported],
    known: tuple[Mapping[str, float], Mapping[Key, float]],
    receipt: Receipt,
) -> None:
    """What a verifier would ask about the KPIs that the file speaks of, with what else is stored of them."""
    cells = {one.point.key: one for one in said}
    codes = {one.point.kpi.code for one in said}
    for finding in questions(catalogue, values, *known):
        if finding.code not in codes:
            continue
        complaint = asked(finding, cells.get((finding.code, finding.data_point)))
        (receipt.refused if forbids(finding, codes, alone=False) else receipt.warnings).append(complaint)


def asked(finding: Finding, said: Said | None = None) -> Complaint:
    """A question of the plausibility rules as a complaint, at the cell it is about."""
    where = said.where.get("result") or said.where.get("numerator", "") if said is not None else ""
    english, norwegian = (f"{finding.text[language]} ({finding.source})" for language in ("en", "nb"))
    return Complaint(where, english, finding.code, finding.data_point, norwegian)


def _locked(
    connection: Connection, city: str, year: int, said: Sequence[Said], changed: Mapping[Key, Reported]
) -> list[Complaint]:
    """What the collection round does not let in any more."""
    if changed and is_closed(connection, city, year):
        return [_of_file("round_closed", year=str(year))]
    signed = signed_kpis(connection, city, year)
    return [one.told("result", "signed") for one in said if one.point.kpi.code in signed and one.point.key in changed]
