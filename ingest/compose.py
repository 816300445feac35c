"""Builds the ingest process from its parts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from threading import Event
from typing import Any

from bypuls.clock import Clock
from bypuls.errors import DatabaseUnreachable
from bypuls.properties import Properties
from bypuls.settings import IngestSettings
from bypuls.storage.database import Connection, translated
from ingest.accepted import Read
from ingest.decoding import Context, Message, Registered, Source
from ingest.memories import Memories
from ingest.pipeline import Pipeline
from ingest.quality import Watch, watch
from ingest.reasons import refusal, shortened
from ingest.registry import Registry
from ingest.source_files import load_sources
from ingest.sources import UNCLAIMED
from ingest.validation import Catalogue, Reader
from ingest.worker import Ingest

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0
_LOG = logging.getLogger(__name__)


def build(open_database: Callable[[], Connection], broker_url: str, settings: IngestSettings, clock: Clock) -> Ingest:
    """The process as `bypuls ingest` runs it: sources of the database, catalogue of the package.

    Raises:
        DatabaseUnreachable, SchemaError, SettingsError, CatalogueError: it could not even start.
    """
    with translated(), open_database() as connection:
        sources = load_sources(connection, settings)
    catalogue, memories, directory = Catalogue.load(), Memories(), _Directory()
    readers = readers_of(sources, catalogue, memories, directory.registered)

    def new_pipeline(connection: Connection, before_reading: Callable[[], None]) -> Pipeline:
        registry = Registry(
            connection,
            quality_of(catalogue.properties),
            settings.max_pending_devices,
            settings.max_datastreams,
            before_reading,
        )
        directory.registry = registry
        memories.load(connection)
        return Pipeline(registry, readers, memories)

    return Ingest(open_database, new_pipeline, sources, broker_url, settings, clock, memories)


def when_the_database_answers(build_it: Callable[[], Ingest], stop: Event) -> Ingest | None:
    """The process, as soon as it can be built; None when we are told to stop first.

    A machine that starts everything at once starts ingest before the database answers: devices' messages wait at the
    broker meanwhile.

    Raises:
        SchemaError, SettingsError, CatalogueError: what waiting does not mend.
    """
    pause, said = _FIRST_PAUSE, False
    while not stop.is_set():
        try:
            return build_it()
        except DatabaseUnreachable as error:
            if not said:
                _LOG.warning("%s; ingest begins as soon as it does, and takes no message meanwhile", error)
                said = True
            stop.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
    return None


class _Directory:
    """The registry of the moment: it is built on a connection, the readers outlive that."""

    def __init__(self) -> None:
        self.registry: Registry | None = None

    def registered(self, city: str, device: str) -> Registered | None:
        return None if self.registry is None else self.registry.registered(city, device)


def readers_of(
    sources: Sequence[Source],
    catalogue: Catalogue,
    memories: Memories,
    registered: Callable[[str, str], Registered | None],
) -> Callable[[Message, Source], Read]:
    """One reader per source, each with its memory and with what it worked out before."""
    readers = {
        source.name: Reader(
            source, catalogue, Context(memories.of(source.name), catalogue.profiles, lambda _: None), registered
        )
        for source in sources
    }

    def read(message: Message, source: Source) -> Read:
        if source is UNCLAIMED:
            return Read(refusals=[refusal("topic_not_ours", f"no source reads {shortened(message.topic)} any more")])
        return readers[source.name].read(message)

    return read


def quality_of(properties: Properties) -> Callable[[str, dict[str, Any] | None], Watch]:
    """Quality control for a datastream of a property, with what the datastream overrides."""

    def of(property_id: str, overrides: dict[str, Any] | None) -> Watch:
        return watch(properties[property_id], overrides)

    return of
