"""Twenty thousand messages that are almost right through every format; `make fuzz` sends a million.

No exception but our own, no input over 50 ms of CPU time, memory bounded.
"""

import gc
import os
import time
from dataclasses import replace
from datetime import UTC, datetime

import psutil
import pytest

from ingest.choice import formats_of
from ingest.decoding import Context, Message
from ingest.memory import Memory
from ingest.reasons import IGNORED, REASONS
from ingest.sources import ANY, source_for
from ingest.validation import Catalogue, Reader
from tests.mutations import Mutations, corpus

INPUTS = int(os.environ.get("BYPULS_FUZZ", "20000"))
SEED = int(os.environ.get("BYPULS_FUZZ_SEED", "4"))
SLOWEST_SECONDS = 0.05
MOST_MEMORY = 150 * 2**20
NOW = datetime(2026, 1, 5, 10, tzinfo=UTC)
CATALOGUE = Catalogue.load()


def readers():
    """As a dry run reads: every format, each with its memory; our own topics with their own source."""
    made = {}

    def of(topic):
        source = source_for(topic)
        if source.name not in made:
            context = Context(Memory(), CATALOGUE.profiles, lambda _: None)
            made[source.name] = (Reader(replace(source, city="demo"), CATALOGUE, context), context.memory)
        return made[source.name]

    return of


def seconds(call):
    start = time.thread_time()
    answer = call()
    return time.thread_time() - start, answer


def complaint(read):
    for refused in read.refusals:
        if refused.code not in REASONS or refused.code == "decoder_failed" or len(refused.detail) > 1000:
            return str(refused)
    for accepted in read.accepted:
        if not abs(accepted.value) < float("inf"):
            return f"{accepted.value} of {accepted.property}"
        if not (accepted.device and accepted.device.isprintable() and len(accepted.device) <= 200):
            return f"device {accepted.device!r}"
    if read.ignored not in {None, *IGNORED}:
        return f"ignored: {read.ignored}"
    return None


@pytest.mark.timeout(7200)
def test_no_message_breaks_a_decoder_or_takes_long():
    messages, reader_of = Mutations(SEED, corpus()), readers()
    gc.collect()
    gc.freeze()  # as ingest does: what lives as long as the process is looked at by no collection
    faults, slowest, before = [], (0.0, b""), None
    for number in range(INPUTS):
        topic, payload = messages.next()
        message = Message(topic, payload, NOW, retained=number % 17 == 0)
        reader, memory = reader_of(topic)
        taken, read = seconds(lambda reader=reader, message=message: reader.read(message))
        if taken > SLOWEST_SECONDS:  # a busy machine, a first import: what counts is the quickest of three more
            taken = min(seconds(lambda reader=reader, message=message: reader.read(message))[0] for _ in range(3))
        slowest = max(slowest, (taken, payload[:200]))
        if number % 50 == 0:
            memory.commit()
        wrong = complaint(read)
        if wrong is not None:
            faults.append((topic, payload[:300], wrong))
        if number == INPUTS // 4:
            before = psutil.Process().memory_info().rss
    grown = psutil.Process().memory_info().rss - before
    assert faults[:5] == []
    assert slowest[0] <= SLOWEST_SECONDS, slowest
    assert grown < MOST_MEMORY


def test_the_dry_run_reads_every_format():
    assert set(formats_of(ANY, CATALOGUE.decoders)) == set(CATALOGUE.decoders) - {"device_event"}


def test_the_same_seed_gives_the_same_messages():
    first, second = Mutations(7, corpus()), Mutations(7, corpus())
    assert [first.next() for _ in range(100)] == [second.next() for _ in range(100)]
