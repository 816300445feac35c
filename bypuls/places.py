"""Where the database and the broker are: those of the settings, else the embedded ones of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bypuls.broker_server import choose_broker
from bypuls.embedded import EmbeddedPostgres
from bypuls.errors import ServerError, SettingsError
from bypuls.settings import BrokerSettings, DatabaseSettings, load
from bypuls.storage.database import translated


def database_url() -> str:
    """The address of the database that runs now.

    Raises:
        SettingsError: none is set and none runs.
    """
    settings = load(DatabaseSettings)
    if settings.database_url:
        return settings.database_url
    try:
        return EmbeddedPostgres(settings.home).attach()
    except ServerError:
        message = (
            "no database: set BYPULS_DATABASE_URL (postgresql://user@host/name), "
            f"or start the embedded one with 'bypuls up' (its folder is {settings.home})"
        )
        raise SettingsError(message) from None


@contextmanager
def database() -> Iterator[str]:
    """The same for a command of its own: starts the embedded server for the time of the command if it does not run.

    What the database refuses the command is an error of ours: one line, not a traceback.
    """
    settings = load(DatabaseSettings)
    if settings.database_url:
        with translated(settings.database_url):
            yield settings.database_url
        return
    with EmbeddedPostgres(settings.home).use() as url, translated(url):
        yield url


def broker_url() -> str:
    """The address of the broker.

    Raises:
        SettingsError: none is set and none was started here.
    """
    url = load(BrokerSettings).broker_url
    if url:
        return url
    home = load(DatabaseSettings).home
    broker = choose_broker(home)
    if broker.folder.kept_port() is None:
        message = (
            "no MQTT broker: set BYPULS_BROKER_URL (mqtt://host:1883), or start the embedded one with 'bypuls up' "
            f"(its folder is {home})"
        )
        raise SettingsError(message)
    return broker.url


def postgres_tools() -> Path | None:
    """The folder of the embedded server's pg_dump and pg_restore."""
    try:
        return EmbeddedPostgres(load(DatabaseSettings).home).binaries
    except ServerError:
        return None
