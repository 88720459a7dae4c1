import pytest
from hypothesis import settings

from minorguard import law

# How long an example takes never decides a test.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def game():
    return law("cn.game")
