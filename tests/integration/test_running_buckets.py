"""A bucket to which readings are added goes on with those alone: to the last bit as if all were read again."""

import random
from datetime import timedelta

import pytest

from bypuls.storage.database import connect
from ingest.writer import Batch, Flag, Row, Writer
from processors.audit import check_rollups
from processors.calculation import Catalogue
from processors.rollup import Rollups
from tests.integration.processing import utc
from tests.integration.test_dense_rollups import FIVE
from tests.integration.test_trust_rollups import calibrate, invalidate, lift, uncalibrate

NOON = utc(2026, 3, 2, 12)
END = NOON + timedelta(hours=1)
NOW = utc(2026, 3, 2, 18)
SECOND = timedelta(seconds=1)
EVERYTHING = 20_000
PROPERTIES = ("pm10", "pm25", "sound_level_laeq", "wind_direction", "vehicle_count_total")


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


@pytest.fixture
def writer(town):
    with connect(town.url, "writer", autocommit=True) as connection:
        yield Writer(connection)


def row(stream, time, value, *, flag=1, rank=1):
    return Row(stream, time, value, flag, rank, NOW, 0)


def roll_up(town, catalogue):
    rollups = Rollups(catalogue)
    while rollups.batch(town.connection, EVERYTHING, NOW):
        pass


def anew(town, catalogue):
    """What all readings give that are read at once; as if it had not been."""
    with town.connection.transaction(force_rollback=True):
        town.connection.execute("TRUNCATE rollup_5m")
        town.connection.execute(
            """INSERT INTO changed_bucket (datastream, bucket)
               SELECT DISTINCT datastream, date_bin('5 minutes', time, '2000-01-01 00:00Z') FROM observation"""
        )
        Rollups(catalogue).batch(town.connection, EVERYTHING, NOW)
        return town.all(FIVE)


class Interrupted(Rollups):
    """Between the claim and the reading something happens, and is committed."""

    happens = staticmethod(lambda: None)

    def _make_partitions(self, connection, claimed):
        happens, self.happens = self.happens, lambda: None
        happens()
        return super()._make_partitions(connection, claimed)


class Life:
    """What happens to some datastreams, by chance."""

    def __init__(self, town, writer, seed):
        self.town, self.writer, self.chance = town, writer, random.Random(seed)
        site = town.site("elgeseter")
        self.streams = [town.datastream(site, name, interval=None) for name in PROPERTIES]
        self.latest = dict.fromkeys(self.streams, 0)
        self.sent = {}
        self.sometimes = [self.late, self.again, self.corrected, self.judged, self.doubtful, self.mixed]
        self.seldom = [self.calibrated, self.invalidated]

    def value(self, stream):
        if stream == self.streams[-1]:  # a counter
            return float(self.latest[stream])
        return self.chance.gauss(180, 57.3)

    def new(self, stream, *, flag=1):
        self.latest[stream] += self.chance.randint(1, 20)
        return self._row(stream, self.latest[stream], flag)

    def _row(self, stream, second, flag):
        made = row(stream, NOON + second * SECOND, self.value(stream), flag=flag)
        self.sent[made[:2]] = made
        return made

    def step(self):
        chosen = self.chance.random()
        if chosen < 0.6:
            self.added()
        elif chosen < 0.96:
            self.chance.choice(self.sometimes)()
        else:
            self.chance.choice(self.seldom)()

    def added(self):
        for _ in range(self.chance.randint(1, 3)):
            self.writer.write(Batch(rows=[
                self.new(stream) for stream in self.streams if self.chance.random() < 0.7 for _ in range(2)
            ]))  # fmt: skip

    def doubtful(self):
        self.writer.write(Batch(rows=[self.new(self.chance.choice(self.streams), flag=self.chance.choice((2, 3, 4)))]))

    def late(self):
        stream = self.chance.choice(self.streams)
        second = self.chance.randint(0, self.latest[stream])
        if (stream, NOON + second * SECOND) not in self.sent:
            self.writer.write(Batch(rows=[self._row(stream, second, 1)]))

    def again(self):
        if self.sent:
            rows = self.chance.sample(list(self.sent.values()), min(3, len(self.sent)))
            self.writer.write(Batch(rows=[*rows, self.new(self.streams[0])]))

    def corrected(self):
        if self.sent:
            old = self.chance.choice(list(self.sent.values()))
            new = self.sent[old[:2]] = old._replace(value=old.value + 0.1, rank=min(3, old.rank + 1))
            self.writer.write(Batch(rows=[new]))

    def judged(self):
        if self.sent:
            old = self.chance.choice(list(self.sent.values()))
            flag = self.chance.choice((1, 1, 2, 3))
            self.writer.write(Batch(flags=[Flag(*old[:3], flag, 0)]))

    def mixed(self):
        """Added, and one that was added before judged, in one batch."""
        stream = self.chance.choice(self.streams[:-1])
        old, new = self.new(stream), self.new(stream)
        self.writer.write(Batch(rows=[old]))
        self.writer.write(Batch(rows=[new], flags=[Flag(*old[:3], 3, 0)]))

    def calibrated(self):
        stream = self.chance.choice(self.streams[:2])
        uncalibrate(self.town, stream)
        if self.chance.random() < 0.7:
            calibrate(self.town, stream, 1.7, -0.3, NOON + self.chance.randint(0, self.latest[stream]) * SECOND)

    def invalidated(self):
        stream = self.chance.choice(self.streams[:-1])
        lift(self.town, stream)
        if self.chance.random() < 0.5:
            since = NOON + self.chance.randint(0, self.latest[stream]) * SECOND
            invalidate(self.town, stream, since, since + 30 * SECOND)


@pytest.mark.parametrize("seed", range(2))
def test_whatever_happens_what_goes_on_equals_what_is_read_anew(town, writer, catalogue, seed):
    life = Life(town, writer, seed)
    for _ in range(30):
        life.step()
        if life.chance.random() < 0.3:
            continue
        rollups = Interrupted(catalogue)
        if life.chance.random() < 0.4:
            rollups.happens = life.step
        rollups.batch(town.connection, life.chance.choice((1, 3, EVERYTHING)), NOW, recent=life.chance.random() < 0.5)
        if life.chance.random() < 0.2:
            roll_up(town, catalogue)
            assert town.all(FIVE) == anew(town, catalogue)
    roll_up(town, catalogue)
    found = town.all(FIVE)
    assert found == anew(town, catalogue)
    assert len(found) > 5
    newest = """SELECT max(time) FROM observation o
                WHERE o.datastream = r.datastream AND o.time >= r.bucket AND o.time < r.bucket + interval '5 minutes'"""
    assert town.all(f"SELECT * FROM rollup_5m r WHERE newest IS DISTINCT FROM ({newest})") == []
    assert check_rollups(town.connection, NOON, END) == []


def sum_of(town, stream):
    return town.one("SELECT sum FROM rollup_5m WHERE datastream = %s AND bucket = %s", (stream, NOON))


def test_what_was_read_is_not_read_again_until_something_else_happens(town, writer, catalogue):
    stream = town.datastream(town.site("elgeseter"), "pm10", interval=None)
    writer.write(Batch(rows=[row(stream, NOON, 1.0), row(stream, NOON + 2 * SECOND, 2.0)]))
    roll_up(town, catalogue)
    # Behind the platform's back, so that nothing marks it: whoever reads it again says so.
    town.connection.execute("UPDATE observation SET value = 100 WHERE time = %s", (NOON,))
    writer.write(Batch(rows=[row(stream, NOON + 3 * SECOND, 4.0)]))
    roll_up(town, catalogue)
    assert sum_of(town, stream) == 1 + 2 + 4
    writer.write(Batch(rows=[row(stream, NOON + 3 * SECOND, 4.0), row(stream, NOON + 4 * SECOND, 8.0)]))
    roll_up(town, catalogue)  # one came again: what is new beside it is added as well
    assert sum_of(town, stream) == 1 + 2 + 4 + 8
    writer.write(Batch(rows=[row(stream, NOON + SECOND, 16.0)]))
    roll_up(town, catalogue)  # late
    assert sum_of(town, stream) == 100 + 2 + 4 + 8 + 16


@pytest.mark.parametrize("happens", ["judged", "corrected", "marked by others"])
def test_all_is_read_where_more_happened_than_that_readings_were_added(town, writer, catalogue, happens):
    stream = town.datastream(town.site("elgeseter"), "pm10", interval=None)
    writer.write(Batch(rows=[row(stream, NOON, 1.0), row(stream, NOON + SECOND, 2.0)]))
    roll_up(town, catalogue)
    town.connection.execute("UPDATE observation SET value = 100 WHERE time = %s", (NOON,))
    if happens == "judged":
        writer.write(Batch(flags=[Flag(stream, NOON + SECOND, 2.0, 2, 0)]))
    elif happens == "corrected":
        writer.write(Batch(rows=[row(stream, NOON + SECOND, 2.0, rank=2)]))
    else:
        town.mark(stream, NOON)
    writer.write(Batch(rows=[row(stream, NOON + 2 * SECOND, 4.0)]))
    roll_up(town, catalogue)
    assert sum_of(town, stream) == 100 + 2 + 4


def test_what_was_added_after_the_claim_is_left_to_its_own_mark(town, writer, catalogue):
    stream = town.datastream(town.site("elgeseter"), "pm10", interval=None)
    writer.write(Batch(rows=[row(stream, NOON + 10 * SECOND, 1.0)]))
    roll_up(town, catalogue)
    rollups = Interrupted(catalogue)
    rollups.happens = lambda: writer.write(
        Batch(rows=[row(stream, NOON, 8.0), row(stream, NOON + 30 * SECOND, 4.0)])
    )  # one earlier than all, one later than what was claimed
    writer.write(Batch(rows=[row(stream, NOON + 20 * SECOND, 2.0)]))
    rollups.batch(town.connection, EVERYTHING, NOW)
    assert sum_of(town, stream) == 1 + 2
    roll_up(town, catalogue)
    assert sum_of(town, stream) == 1 + 2 + 4 + 8
    assert town.one("SELECT first, last, n_good FROM rollup_5m") == (8.0, 4.0, 4)


@pytest.mark.parametrize("flag", [3, 4])
def test_what_does_not_count_is_counted_once_and_goes_on(town, writer, catalogue, flag):
    stream = town.datastream(town.site("elgeseter"), "sound_level_laeq", interval=None)
    writer.write(Batch(rows=[row(stream, NOON, 1.0, flag=flag)]))
    rollups = Interrupted(catalogue)
    rollups.happens = lambda: writer.write(Batch(rows=[row(stream, NOON + SECOND, 2.0, flag=flag)]))
    rollups.batch(town.connection, EVERYTHING, NOW)  # read with the rest, though its mark is not claimed yet
    for _ in range(2):
        assert town.one("SELECT n_good, n_suspect + n_fail, sum FROM rollup_5m") == (0, 2, None)
        roll_up(town, catalogue)
    town.connection.execute("UPDATE observation SET flag = 1")  # behind the platform's back
    writer.write(Batch(rows=[row(stream, NOON + 2 * SECOND, 4.0)]))
    roll_up(town, catalogue)
    said = "SELECT n_good, n_suspect + n_fail, sum, first, last, min, first_time, energy_sum IS NULL FROM rollup_5m"
    assert town.one(said) == (1, 2, 4.0, 4.0, 4.0, 4.0, NOON + 2 * SECOND, False)
