"""A city in a database, and observations as ingest would have stored them: straight with SQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bypuls.storage.database import connect

BIN = "date_bin('5 minutes', %s::timestamptz, '2000-01-01 00:00:00+00')"


class Town:
    """Writes into one city of a migrated database."""

    def __init__(self, url, slug="trondheim"):
        self.url, self.slug = url, slug
        self.connection = connect(url, autocommit=True)
        self.connection.execute(
            """INSERT INTO city (slug, name, country, time_zone, air_day_offset, national_limits, document)
               VALUES (%s, '{}', 'NO', 'Europe/Oslo', '1 hour', 'norway_legal_limits', '{}')""",
            (slug,),
        )

    def area(self, slug, parent=None):
        self.connection.execute(
            "INSERT INTO area (city, slug, name, parent) VALUES (%s, %s, %s, %s)", (self.slug, slug, slug, parent)
        )

    def site(self, slug, kind="traffic", area=None):
        self.connection.execute(
            "INSERT INTO site (city, slug, name, kind, area) VALUES (%s, %s, %s, %s, %s)",
            (self.slug, slug, slug, kind, area),
        )
        return slug

    def datastream(self, site, name, **given):
        """A new device's datastream; returns its id."""
        columns = {"interval": "1 hour", "class": "reference", "origin": "measured", "channel": ""} | given
        device = self.one(
            """INSERT INTO device (city, external_id, site, status)
               VALUES (%s, %s || (SELECT count(*) FROM device)::text, %s, 'active') RETURNING id""",
            (self.slug, f"{site}-{name}-", site),
        )
        return self.one(
            """INSERT INTO datastream (city, device, property, site, interval, class, origin, channel, expected_spacing)
               VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id""",
            (self.slug, device, name, site, columns["interval"], columns["class"], columns["origin"],
             columns["channel"], columns.get("expected_spacing")),
        )  # fmt: skip

    def store(self, datastream, readings, *, flag=1, connection=None):
        """Readings are (time, value); as ingest does it: value and mark in one transaction."""
        connection = connection or self.connection
        with connection.transaction():
            for time, value in readings:
                connection.execute("SELECT bypuls_ensure_partitions(%s, %s)", (time, time))
                connection.execute(
                    """INSERT INTO observation (datastream, time, value, received_at, flag)
                       VALUES (%s, %s, %s, now(), %s)
                       ON CONFLICT (datastream, time) DO UPDATE SET value = excluded.value, flag = excluded.flag""",
                    (datastream, time, value, flag),
                )
                connection.execute(
                    f"INSERT INTO changed_bucket (datastream, bucket) VALUES (%s, {BIN})", (datastream, time)
                )
            connection.execute(
                """UPDATE datastream d SET
                       first_time = (SELECT min(time) FROM observation o WHERE o.datastream = d.id),
                       last_time = (SELECT max(time) FROM observation o WHERE o.datastream = d.id) WHERE id = %s""",
                (datastream,),
            )

    def remove(self, datastream, time):
        with self.connection.transaction():
            self.connection.execute("DELETE FROM observation WHERE datastream = %s AND time = %s", (datastream, time))
            self.connection.execute(
                f"INSERT INTO changed_bucket (datastream, bucket) VALUES (%s, {BIN})", (datastream, time)
            )

    def mark(self, datastream, time):
        """As ingest marks what an event changes."""
        self.connection.execute(
            f"INSERT INTO changed_bucket (datastream, bucket) VALUES (%s, {BIN})", (datastream, time)
        )

    def one(self, query, parameters=()):
        row = self.connection.execute(query, parameters).fetchone()
        return row[0] if row and len(row) == 1 else row

    def all(self, query, parameters=()):
        return self.connection.execute(query, parameters).fetchall()

    def value(self, kpi, period, start, *, kind="site", scope=None):
        """The stored value as a dict, or None."""
        cursor = self.connection.execute(
            """SELECT * FROM kpi_value WHERE city = %s AND kpi = %s AND period = %s AND start = %s AND scope_kind = %s
                 AND scope = %s""",
            (self.slug, kpi, period, start, kind, scope or self.slug),
        )
        row = cursor.fetchone()
        return dict(zip([column.name for column in cursor.description], row, strict=True)) if row else None


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def hours(start, values):
    """Hourly readings from a start."""
    return [(start + timedelta(hours=step), value) for step, value in enumerate(values)]


def at(time):
    """A clock that stands."""
    return lambda: time
