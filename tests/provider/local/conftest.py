from collections.abc import Iterator

import pytest
from tests.embedded import Account, embedded


@pytest.fixture(scope="module")
def aws() -> Iterator[Account]:
    with embedded() as account:
        yield account
