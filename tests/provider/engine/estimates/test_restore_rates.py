"""What a restore costs where the data is: by the Price List, by a lab's own prices, or by those written down."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from tests.embedded import embedded

from platerunner.engine.estimates.restore_rates import rates_in, rates_of
from platerunner.engine.planning.archived import ArchivedFile
from platerunner.engine.planning.restore_prices import US_EAST, Rates, price_of, restore_notes
from platerunner.engine.prices.book import PriceBook
from platerunner.engine.prices.model import Asked, Price
from platerunner.engine.runs.direct_access import DirectAccess
from platerunner.spec.dataset import Restore
from platerunner_unit.contract.storage import Storage

DEEP = [ArchivedFile(f"s3://lab/{n}", 10**9, "DEEP_ARCHIVE") for n in range(1000)]


def test_the_embedded_price_list_has_what_us_east_1_s_says(tmp_path, monkeypatch):
    with embedded() as account:
        for name, value in account.cloud.environment().items():
            monkeypatch.setenv(name, value)
        found = rates_of(DirectAccess(account.cloud.connection()), Storage(str(tmp_path)))
    assert found.said == "by the list price of us-east-1, as of 2025-11-01"
    for kind, ways in US_EAST.ways.items():
        for tier, way in ways.items():
            told = found.ways[kind][tier]
            assert (told.usd_gb, told.usd_thousand) == pytest.approx((way.usd_gb, way.usd_thousand)), (kind, tier)
    assert found.copy == US_EAST.copy


def rates(tmp_path, find: Callable[[Asked], Price | None]) -> Rates:
    book = PriceBook(Storage(str(tmp_path)), "", "eu-west-1", SimpleNamespace(find=find), keep=False)
    return rates_in(book, "eu-west-1")


def test_another_region_has_other_prices_and_is_named(tmp_path):
    found = rates(
        tmp_path, lambda asked: Price(0.001 if asked.name.endswith("request") else 0.1, "price_list", "2026-02-01")
    )
    # 1,000 requests, 1,000 GB, and 1,000 GB for 3 of 30 days.
    assert price_of(DEEP, Restore("bulk", 3, 0.0), found) == pytest.approx(1 + 100 + 10)
    [told] = restore_notes("work", DEEP, Restore("bulk", 3, 0.0), found)
    assert told.endswith(
        "`bulk` takes 48 h and costs about 111.00 USD, by the list price of eu-west-1, as of 2026-02-01"
    )


def test_a_price_list_that_tells_but_a_part_is_no_one_s_rates(tmp_path):
    assert (
        rates(tmp_path, lambda asked: None if asked.name == "copy" else Price(0.1, "price_list", "2026-02-01"))
        is US_EAST
    )


def test_a_lab_s_own_prices_go_before(tmp_path):
    names = [
        f"{kind}-{tier}-{each}"
        for kind in ("GLACIER", "DEEP_ARCHIVE")
        for tier in US_EAST.ways[kind]
        for each in ("gb", "request")
    ]
    own = "".join(f"  {name}: 0.5\n" for name in ["copy", *names])
    (tmp_path / "prices.yaml").write_text(f"date: 2026-03-01\nrestore:\n{own}")
    found = rates(tmp_path, lambda asked: pytest.fail(f"asked for {asked}"))
    assert (found.copy, found.ways["GLACIER"]["bulk"].usd_gb) == (0.5, 0.5)
    assert found.said.endswith("as of 2026-03-01")
