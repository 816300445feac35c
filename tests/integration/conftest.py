import contextlib

import pytest

from bypuls.storage.database import connect
from tests.integration.processing import Town
from tests.seeded_city import seed


@pytest.fixture
def town(migrated_url):
    made = Town(migrated_url)
    yield made
    made.connection.close()


@pytest.fixture(scope="session")
def seeded_databases(lanes):  # noqa: ARG001 - the servers outlast what is on them
    """Lane's name -> address of a database with a year of a city; made when first asked for."""
    with contextlib.ExitStack() as stack:
        made = {}

        def of(lane):
            if lane.name not in made:
                made[lane.name] = stack.enter_context(lane.database(migrated=True))
                with connect(made[lane.name]) as connection:
                    seed(connection)
            return made[lane.name]

        yield of


@pytest.fixture
def seeded_url(lane, seeded_databases):
    """A database with a year of a city (tests.seeded_city), shared by all tests of the lane: only read it."""
    return seeded_databases(lane)
