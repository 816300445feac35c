"""`python -m tests.control_room_demo`: what `bypuls serve` serves, on an embedded database with two seeded cities.

For drawing pages: it starts within seconds and needs nothing. The clock stands at the seeds' own time, unless
BYPULS_DEMO_NOW (ISO) names another. The boards are the committed ones and the tests' own.
"""

from __future__ import annotations

import os
import shutil
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from api.compose import serve
from bypuls.embedded import EmbeddedPostgres
from bypuls.settings import ApiSettings, load
from bypuls.storage.database import connect
from bypuls.storage.migrate import migrate
from dashboards.control_room.boards import Boards
from dashboards.control_room.compose import open_control_room
from dashboards.control_room.settings import ControlRoomSettings
from tests.integration.api.seed import NOW, seed
from tests.lanes.databases import reachable_folder

OWN = Path(__file__).parent / "integration" / "control_room" / "boards"


def main():
    now = datetime.fromisoformat(os.environ.get("BYPULS_DEMO_NOW", NOW.isoformat()))
    with reachable_folder() as folder, EmbeddedPostgres(folder) as server:
        migrate(server.url)
        with connect(server.url) as connection:
            seed(connection)
        boards = folder / "boards"
        boards.mkdir()
        for file in (*OWN.iterdir(), *Path(str(files("dashboards").joinpath("json"))).glob("*.json")):
            shutil.copy(file, boards)
        with open_control_room(server.url, 4, lambda: now, load(ControlRoomSettings), Boards(boards)) as router:
            serve(load(ApiSettings), server.url, 4, lambda: now, routers=(router,))


if __name__ == "__main__":
    main()
