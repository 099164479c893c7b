import pytest
from tests.provider.engine.planning.lab import Lab


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path)
    lab.shoot()
    return lab
