"""Two cities whose areas, sites and devices have the same names, and different values everywhere."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from psycopg.types.json import Jsonb

NOW = datetime(2024, 6, 10, 12, tzinfo=UTC)
FIRST = datetime(2024, 6, 1, tzinfo=UTC)
CITIES = {"alpha": ("Europe/Oslo", 10.0), "beta": ("Europe/London", 900.0)}
"""City -> zone, and the number its values begin with: no value of one can be taken for one of the other."""
KPI = "air.pm10.day_mean"
VERSION = "sha256:" + "2" * 64
CUT_EVERYBODY = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE pid <> pg_backend_pid() AND datname = current_database()"""
"""What a restart of the database does to everybody who is connected."""
OLD_VERSION = "sha256:" + "1" * 64

DEFINITION = {
    "id": KPI,
    "title": {"en": "PM10, day mean", "nb": "PM10, døgnmiddel"},
    "question": {"en": "How much PM10 was in the air that day?"},
    "domain": "air",
    "unit": "ug/m3",
    "periods": ["P1D"],
    "calendar": "air",
    "inputs": {"pm10": {"from": "rollup_1h", "class": ["reference"]}},
    "direction": "lower_is_better",
    "judges_law": False,
    "bands": None,
    "sdg": ["11.6.2"],
    "u4ssc": None,
    "source": "made up for tests",
}


def seed(connection):
    """Fill an empty database at this version's schema; returns the datastreams' ids by (city, device, property)."""
    connection.execute("SELECT bypuls_ensure_partitions('2024-05-01', '2024-08-01')")
    streams = {}
    for city, (zone, base) in CITIES.items():
        _places(connection, city, zone)
        streams |= _devices(connection, city)
        _measured(connection, streams, city, base)
        _kpi_values(connection, city, base)
        _refused(connection, city)
    for version, current in ((OLD_VERSION, False), (VERSION, True)):
        document = Jsonb(DEFINITION | {"source": "an older book"} if not current else DEFINITION)
        connection.execute(
            "INSERT INTO kpi_definition (id, version, document, current) VALUES (%s, %s, %s, %s)",
            (KPI, version, document, current),
        )
    connection.execute(
        """INSERT INTO quarantine (received_at, last_received_at, city, source, topic, payload, payload_hash, reason,
                                   detail, hint, refusals)
           VALUES (%(now)s, %(now)s, NULL, 'default', 'bypuls/v1/atlantis/x/observations', '\\x00ff', %(hash)s,
                   'unknown_city', 'no city atlantis', 'add it', '[]')""",
        {"now": NOW - timedelta(hours=2), "hash": hashlib.sha256(b"\0\xff").digest()},
    )
    connection.commit()
    return streams


def _places(connection, city, zone):
    connection.execute(
        """INSERT INTO city (slug, name, country, time_zone, languages, licence, document)
           VALUES (%s, %s, 'NO', %s, '{nb,en}', 'NLOD', '{}')""",
        (city, Jsonb({"en": city.title()}), zone),
    )
    connection.execute(
        """INSERT INTO area (city, slug, name, parent, population) VALUES
           (%(city)s, 'town', 'Town', NULL, 1000), (%(city)s, 'centre', 'Centre', 'town', 300)""",
        {"city": city},
    )
    connection.execute(
        """INSERT INTO site (city, slug, name, kind, latitude, longitude, area, class, attributes) VALUES
           (%(city)s, 'square', 'The "Square", ' || %(city)s, 'traffic', 63.4, 10.4, 'centre', 'reference',
            '{"lanes": 4}'),
           (%(city)s, 'hill', 'Hill', 'background', 63.5, 10.5, 'town', 'indicative', '{}')""",
        {"city": city},
    )


def _devices(connection, city):
    connection.execute(
        """INSERT INTO device (city, external_id, site, status, last_seen) VALUES
           (%(city)s, 'meter-1', 'square', 'active', %(now)s), (%(city)s, 'meter-2', 'hill', 'active', %(now)s),
           (%(city)s, 'stranger', NULL, 'pending', %(now)s)""",
        {"city": city, "now": NOW},
    )
    rows = connection.execute(
        """INSERT INTO datastream (city, device, property, site, class, interval, expected_spacing, first_time,
                                   last_time)
           SELECT d.city, d.id, w.property, d.site, w.class, w.interval::interval, w.spacing::interval, %(first)s,
                  %(now)s::timestamptz - w.age::interval
           FROM (VALUES ('meter-1', 'pm10', 'reference', '10 min', '10 min', '2 min'),
                        ('meter-1', 'sound_level_laeq', 'unknown', NULL, '5 min', '3 hours'),
                        ('meter-1', 'wind_direction', 'unknown', NULL, NULL, '9 days'),
                        ('meter-2', 'pm10', 'indicative', '10 min', '10 min', '29 min'),
                        ('stranger', 'pm10', 'unknown', NULL, '1 min', '5 hours'))
                AS w (device, property, class, interval, spacing, age)
           JOIN device d ON d.city = %(city)s AND d.external_id = w.device
           RETURNING id, (SELECT external_id FROM device WHERE id = datastream.device), property""",
        {"city": city, "first": FIRST, "now": NOW},
    ).fetchall()
    return {(city, device, name): number for number, device, name in rows}


def _measured(connection, streams, city, base):
    """Three hours of ten-minute values of every datastream, and their rollups as the processor would write them."""
    for (found, _, name), number in streams.items():
        if found != city:
            continue
        rows = [(number, FIRST + timedelta(minutes=10 * n), base + n, 3 if n == 4 else 1, NOW) for n in range(18)]
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO observation (datastream, time, value, flag, received_at) VALUES (%s, %s, %s, %s, %s)", rows
            )
        for width, table in ((60, "rollup_1h"), (10, "rollup_5m")):
            hours = ", expected, buckets" if table == "rollup_1h" else ""
            connection.execute(
                f"""INSERT INTO {table} (datastream, bucket, n_good, n_not_evaluated, n_suspect, n_fail, sum,
                                         sum_squares, min, max, first, first_time, last, last_time, energy_sum, sin_sum,
                                         cos_sum{hours})
                    SELECT datastream, date_bin(%(width)s, time, '2000-01-01Z'), count(*) FILTER (WHERE flag = 1), 0,
                           count(*) FILTER (WHERE flag = 3), 0, sum(value) FILTER (WHERE flag = 1),
                           sum(value * value) FILTER (WHERE flag = 1), min(value), max(value), min(value), min(time),
                           max(value), max(time),
                           sum(power(10, value / 10)) FILTER (WHERE flag = 1 AND %(name)s = 'sound_level_laeq'),
                           -- Directions around north, half a degree to each side: their mean is 0, not 180.
                           CASE WHEN %(name)s = 'wind_direction' THEN 0 END,
                           CASE WHEN %(name)s = 'wind_direction' THEN count(*) FILTER (WHERE flag = 1) END
                           {", 6, 6" if hours else ""}
                    FROM observation WHERE datastream = %(number)s GROUP BY 1, 2""",
                {"width": timedelta(minutes=width), "name": name, "number": number},
            )


def _kpi_values(connection, city, base):
    """Days 1 to 5: three good ones, an insufficient one, an undefined one; day 2 was said otherwise before."""
    for scope_kind, scope in (("site", "square"), ("district", "centre"), ("city", city)):
        for day in range(5):
            start = FIRST + timedelta(days=day, hours=-1)
            quality, reason = (
                ("ok", None),
                ("ok", None),
                ("ok", None),
                ("insufficient", "low_coverage"),
                ("undefined", "silent"),
            )[day]
            value = None if quality == "undefined" else base + day
            _say(connection, (city, KPI, scope_kind, scope), start, (value, quality, reason))
    start = FIRST + timedelta(hours=23)
    connection.execute(
        """INSERT INTO kpi_value_history
           SELECT k.city, k.kpi, k.scope_kind, k.scope, k.period, k.start, k.ends, k.value + 0.5, k.unit, k.band,
                  k.detail, 'provisional', k.quality, k.reason, k.coverage, k.evidence, k.version, k.final_at,
                  k.start + interval '1 day', k.start + interval '1 day', k.xact, k.seq, k.start + interval '3 days'
           FROM kpi_value k WHERE k.city = %s AND k.start = %s AND k.scope_kind = 'site'""",
        (city, start),
    )
    connection.execute(
        """UPDATE kpi_value SET status = 'revised', computed_at = start + interval '3 days',
                                added_at = start + interval '1 day'
           WHERE city = %s AND start = %s AND scope_kind = 'site'""",
        (city, start),
    )


def _say(connection, key, start, said):
    at = start + timedelta(days=2)
    evidence = {"sites": 1, "class": ["reference"], "origin": ["measured"], "hours": {"expected": 24, "valid": 3}}
    connection.execute(
        """INSERT INTO kpi_value (city, kpi, scope_kind, scope, period, start, ends, value, unit, status, quality,
                                  reason, coverage, evidence, version, final_at, computed_at, added_at)
           VALUES (%s, %s, %s, %s, 'P1D', %s, %s, %s, 'ug/m3', 'final', %s, %s, 0.9, %s, %s, %s, %s, %s)""",
        (*key, start, start + timedelta(days=1), *said, Jsonb(evidence), VERSION, start + timedelta(hours=30), at, at),
    )


def say_value(connection, city, value, *, kpi=KPI, scope="square", start=FIRST, quality="ok"):
    """One KPI value, new or changed, as the processor writes it; the caller commits."""
    connection.execute(
        """INSERT INTO kpi_value (city, kpi, scope_kind, scope, period, start, ends, value, unit, status, quality,
                                  reason, evidence, version, final_at)
           VALUES (%(city)s, %(kpi)s, 'site', %(scope)s, 'P1D', %(start)s, %(start)s::timestamptz + interval '1 day',
                   %(value)s, 'ug/m3', 'provisional', %(quality)s, CASE WHEN %(quality)s <> 'ok' THEN 'silent' END,
                   '{}', 'v', %(start)s)
           ON CONFLICT (city, kpi, scope_kind, scope, period, start) DO UPDATE SET
               (value, xact, seq) = (excluded.value, pg_current_xact_id(), nextval('kpi_value_seq'))""",
        {"city": city, "kpi": kpi, "scope": scope, "start": start, "value": value, "quality": quality},
    )
    connection.execute("SELECT pg_notify('bypuls_kpi', '')")


def _refused(connection, city):
    messages = [
        (b'{"pm10": {"value": 1, "unit": "ug/cm"}}', "unknown_unit", "meter-1"),
        (b'{"pm10": NaN}', "not_a_number", "meter-1"),
        (bytes([0xFF, 0, 1]), "not_json", None),
    ]
    for n, (payload, reason, device) in enumerate(messages):
        connection.execute(
            """INSERT INTO quarantine (received_at, last_received_at, city, source, topic, payload, payload_hash,
                                       reason, detail, hint, refusals, device, decoder)
               VALUES (%(at)s, %(at)s, %(city)s, 'default', %(topic)s, %(payload)s, %(hash)s, %(reason)s, %(detail)s,
                       'send ug/m3', %(refusals)s, %(device)s, 'own_json')""",
            {
                "at": NOW - timedelta(hours=n, minutes=30),
                "city": city,
                "topic": f"bypuls/v1/{city}/{device}/observations",
                "payload": payload,
                "hash": hashlib.sha256(city.encode() + payload).digest(),
                "reason": reason,
                "detail": f"of {city}, with a comma",
                "refusals": Jsonb([{"code": reason, "detail": "d", "hint": "h", "field": "pm10"}]),
                "device": device,
            },
        )
    connection.execute(
        """INSERT INTO recent_message (device, slot, received_at, topic, payload, decoder, outcome)
           SELECT d.id, n, %(now)s::timestamptz - n * interval '1 minute', 't', convert_to(%(city)s || n, 'UTF8'),
                  'own_json', '{"stored": 1, "refused": []}'
           FROM device d, generate_series(0, 19) n WHERE d.city = %(city)s AND d.external_id = 'meter-1'""",
        {"city": city, "now": NOW},
    )
