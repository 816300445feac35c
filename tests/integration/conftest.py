import pytest

from tests.integration.processing import Town


@pytest.fixture
def town(migrated_url):
    made = Town(migrated_url)
    yield made
    made.connection.close()
