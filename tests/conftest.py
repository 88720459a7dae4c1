import pytest
from hypothesis import settings

from minorguard import law

# The servers: redis_url, postgres_url, private_redis, ...
pytest_plugins = ["servicekit"]

# How long an example takes never decides a test.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def game():
    return law("cn.game")
