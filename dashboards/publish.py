"""Puts the boards into a Grafana that somebody else runs, over its HTTP API; a second run changes nothing.

The one module that knows grafana-api. File provisioning is the usual road: this is for where files cannot be laid.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import requests
from grafana_api.grafana_api import GrafanaClientError, GrafanaException
from grafana_api.grafana_face import GrafanaFace

from bypuls.errors import BypulsError, SettingsError
from dashboards.parts import SOURCE_UID

_NOT_FOUND, _FORBIDDEN, _UNAUTHORIZED, _CONFLICT = 404, 403, 401, 412
_SECONDS = 15.0
_FOLDER_UID = "bypuls"
Outcome = Literal["created", "changed", "unchanged"]


class PublishError(BypulsError):
    """Grafana did not take what was sent."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one board."""

    uid: str
    outcome: Outcome


class Publisher:
    """Writes boards to one Grafana.

    Args:
        url: where Grafana answers, with the path it is served under, if any.
        token: of a service account that may edit dashboards.
        folder: title of the folder the boards are kept in.
        dry_run: look, and change nothing.
    """

    def __init__(self, url: str, token: str, folder: str, *, dry_run: bool = False) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            message = f"Grafana's address {url!r} cannot be read: it is like https://grafana.example.org"
            raise SettingsError(message)
        prefix = parts.path.strip("/")
        self._url, self._folder, self._dry_run = url.rstrip("/"), folder, dry_run
        face = GrafanaFace(
            auth=token,
            host=f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname,
            port=parts.port,
            url_path_prefix=f"{prefix}/" if prefix else "",
            protocol=parts.scheme,
            timeout=_SECONDS,
        )
        self._api = face.api

    def publish(self, boards: Mapping[str, Mapping[str, Any]]) -> Iterator[Done]:
        """Create what is missing, change what differs, leave the rest; by uid.

        Raises:
            PublishError: Grafana cannot be reached, refuses the token, lacks the data source, or holds a newer version.
        """
        self._check_source()
        self._ensure_folder()
        for uid, board in sorted(boards.items()):
            yield Done(uid, self._one(uid, board))

    def _check_source(self) -> None:
        if self._get(f"/datasources/uid/{SOURCE_UID}") is None:
            message = (
                f"Grafana at {self._url} has no data source with uid {SOURCE_UID}: provision it "
                "(deploy/grafana/provisioning/datasources) or add a PostgreSQL source with that uid"
            )
            raise PublishError(message)

    def _ensure_folder(self) -> None:
        if self._get(f"/folders/{_FOLDER_UID}") is None and not self._dry_run:
            with self._translated("create the folder"):
                self._api.POST("/folders", json={"uid": _FOLDER_UID, "title": self._folder})

    def _one(self, uid: str, board: Mapping[str, Any]) -> Outcome:
        stored = self._get(f"/dashboards/uid/{uid}")
        version = 0
        if stored is not None:
            if stored["meta"].get("folderUid") == _FOLDER_UID and holds(stored["dashboard"], board):
                return "unchanged"
            version = stored["dashboard"].get("version", 0)
        if not self._dry_run:
            # With its version and without overwrite: what somebody changed in between is not lost silently.
            sent = {**board, "id": None if stored is None else stored["dashboard"].get("id"), "version": version}
            with self._translated(f"take board {uid}"):
                self._api.POST(
                    "/dashboards/db",
                    json={"dashboard": sent, "folderUid": _FOLDER_UID, "message": "bypuls", "overwrite": False},
                )
        return "created" if stored is None else "changed"

    def _get(self, path: str) -> Any:
        with self._translated(f"answer {path}"):
            try:
                return self._api.GET(path)
            except GrafanaClientError as error:
                if error.status_code == _NOT_FOUND:
                    return None
                raise

    @contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        where = f"Grafana at {self._url}"
        try:
            yield
        except GrafanaException as error:
            raise PublishError(f"{where} {_why(error, doing)}") from None
        except requests.ConnectionError:
            raise PublishError(f"{where} cannot be reached: is it running, and is --url right?") from None
        except requests.Timeout:
            raise PublishError(f"{where} did not {doing} within {_SECONDS:g} s: is it overloaded?") from None
        except requests.RequestException as error:  # not JSON: another program answers there, or a login page
            message = f"{where} did not {doing} as Grafana does ({type(error).__name__}): is --url right?"
            raise PublishError(message) from None


def holds(stored: Any, ours: Any) -> bool:
    """Whether everything of ours stands in what is stored; Grafana may add keys of its own."""
    if isinstance(ours, Mapping):
        return isinstance(stored, Mapping) and all(key in stored and holds(stored[key], ours[key]) for key in ours)
    if isinstance(ours, list):
        return (
            isinstance(stored, list)
            and len(stored) == len(ours)
            and all(holds(one, mine) for one, mine in zip(stored, ours, strict=True))
        )
    return bool(stored == ours)


def _why(error: GrafanaException, doing: str) -> str:
    known = {
        _UNAUTHORIZED: "does not accept the token (401): is it expired, or of another Grafana?",
        _FORBIDDEN: "refuses (403): the token's service account needs the role Editor, or permission on the folder",
        _CONFLICT: f"did not {doing} (412): somebody changed it in the meantime; look at the change, then run again",
    }
    said = error.response.get("message") if isinstance(error.response, Mapping) else error.response
    return known.get(error.status_code, f"did not {doing} ({error.status_code}): {said or 'no reason given'}")
