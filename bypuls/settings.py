"""Settings from the environment (prefix BYPULS_), one class per concern; nothing is read at import.

What should not stand in an environment, an address with its password say, may stand in a file: `BYPULS_SECRETS` names a
folder, and a file there has the variable's name in small letters (`bypuls_database_url`). The environment comes first.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSetting

from bypuls.errors import SettingsError

T = TypeVar("T", bound=BaseSettings)


def default_home() -> Path:
    """Where the embedded servers keep their data: a system folder for root, the user's data folder otherwise."""
    if os.name == "posix" and os.geteuid() == 0:
        return Path("/var/lib/bypuls")
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "bypuls"


class DatabaseSettings(BaseSettings):
    """How to reach PostgreSQL."""

    model_config = SettingsConfigDict(env_prefix="BYPULS_", extra="ignore")

    database_url: str | None = Field(None, description="libpq address; without it the embedded PostgreSQL is used")
    home: Path = Field(default_factory=default_home, description="data of the embedded servers")
    pool_size: int = Field(4, ge=1, le=100)


class BrokerSettings(BaseSettings):
    """How to reach the MQTT broker of the default source."""

    model_config = SettingsConfigDict(env_prefix="BYPULS_", extra="ignore")

    broker_url: str | None = Field(None, description="mqtt://user:password@host:1883 or mqtts://…:8883")


class IngestSettings(BaseSettings):
    """How ingest batches and what it does with strangers."""

    model_config = SettingsConfigDict(env_prefix="BYPULS_INGEST_", extra="ignore")

    instance: str = Field("1", description="part of the MQTT client id: stable per process, different between two")
    batch_messages: int = Field(6000, ge=1, le=20_000)
    batch_seconds: float = Field(0.2, gt=0, le=10)
    buffer_messages: int = Field(20_000, ge=100, description="received and not yet stored; past it reading stops")
    max_payload_bytes: int = Field(1_048_576, ge=1024)
    max_readings: int = Field(5000, ge=1)
    max_datastreams: int = Field(1000, ge=1, description="per device; past it new properties go to quarantine")
    buffer_bytes: int = Field(128 * 1024 * 1024, ge=1024 * 1024, description="of payloads received and not yet stored")
    max_pending_devices: int = Field(10_000, ge=0, description="per city; past it strangers go to quarantine")
    payload_days: int = Field(30, ge=0, description="how long raw messages are kept in quarantine; 0: until deleted")
    profiles: Path | None = Field(None, description="folder of maker profiles of one's own, beside the shipped ones")
    metrics_port: int | None = Field(
        None, ge=0, le=65535, description="/metrics and /health of ingest; none without it"
    )
    metrics_host: str = Field("127.0.0.1", description="where that listens")


class ProcessSettings(BaseSettings):
    """How the processor takes work."""

    model_config = SettingsConfigDict(env_prefix="BYPULS_PROCESS_", extra="ignore")

    batch_buckets: int = Field(20_000, ge=1)
    batch_values: int = Field(5_000, ge=1)
    poll_seconds: float = Field(0.5, gt=0, le=60)
    stop_seconds: float = Field(
        10, gt=0, description="so long it may end what it does when told to stop; then that is rolled back"
    )
    metrics_port: int | None = Field(None, ge=0, le=65535, description="/metrics and /health of the processor")
    metrics_host: str = Field("127.0.0.1", description="where that listens")
    instance: str = Field("1", description="name of this processor beside others, in health and metrics")
    audit: bool = Field(default=True, description="compare what is stored with what it rests on, every night")
    audit_hour: int = Field(3, ge=0, le=23, description="when, in each city's own time")
    audit_minutes: float = Field(
        30, gt=0, le=600, description="how long it may take for a city; the next night goes on there"
    )


class LogSettings(BaseSettings):
    """How processes write their logs, to standard error."""

    model_config = SettingsConfigDict(env_prefix="BYPULS_", extra="ignore")

    log_format: Literal["text", "json"] = Field("text", description="json: one object per line, for machines")
    log_level: str = Field("INFO", pattern="(?i)^(debug|info|warning|error|critical)$")

    @field_validator("log_level")
    @classmethod
    def _upper(cls, value: str) -> str:
        return value.upper()


class HealthSettings(BaseSettings):
    """When the platform is not ready any more. docs/how-to/watch-the-platform.md."""

    model_config = SettingsConfigDict(env_prefix="BYPULS_READY_", extra="ignore")

    ingest_lag_seconds: float = Field(60, gt=0, description="of the oldest message that waits to be stored")
    rollup_lag_seconds: float = Field(300, gt=0, description="of the oldest reading of now that waits to be rolled up")
    kpi_lag_seconds: float = Field(900, gt=0, description="of the oldest indicator of now that waits to be computed")
    silent_seconds: float = Field(180, gt=0, description="since a process that did not end as it should was heard of")


class ApiSettings(BaseSettings):
    """Where the API listens. Nothing but loopback unless told to."""

    model_config = SettingsConfigDict(env_prefix="BYPULS_API_", extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=1, le=65535)
    webhooks_per_minute: int = Field(6000, ge=1, description="of each token")


def load(settings: type[T]) -> T:
    """Read one class of settings from the environment and the folder of secrets.

    Raises:
        SettingsError: naming the variable, the value and what it must be.
    """
    folder = _secrets_folder()
    try:
        return settings(_secrets_dir=folder)
    except ValidationError as error:
        first = error.errors()[0]
        prefix = settings.model_config.get("env_prefix", "")
        variable = f"{prefix}{'.'.join(str(part) for part in first['loc'])}".upper()
        message = f"setting {variable}: {first['msg'].lower()} (got {first.get('input')!r}); correct or unset it"
        raise SettingsError(message) from None
    except UnreadableSetting as error:
        message = f"a secret in {folder} cannot be read: {error.__cause__}; make it readable to the account {_me()}"
        raise SettingsError(message) from None


def _secrets_folder() -> Path | None:
    name = os.environ.get("BYPULS_SECRETS")
    if not name:
        return None
    folder = Path(name)
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.X_OK):
        message = f"BYPULS_SECRETS: {folder} is no folder that the account {_me()} can read; correct or unset it"
        raise SettingsError(message)
    return folder


def _me() -> str:
    return str(os.geteuid()) if os.name == "posix" else "this process runs as"
