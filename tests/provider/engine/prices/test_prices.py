"""Prices from the embedded cloud's Price List and spot history, from a file, and from nobody."""

import json
import time
from types import SimpleNamespace

import pytest
from tests.embedded import embedded

from platerunner.engine.prices.book import PriceBook
from platerunner.engine.prices.model import HOURS_OF_MONTH, Asked
from platerunner.engine.prices.price_file import NAME, PriceFileError, read_price_file
from platerunner.engine.prices.price_list import AwsPrices
from platerunner.engine.runs.direct_access import DirectAccess
from platerunner_unit.contract.storage import Storage

HOUR = int(time.time() // 3600)


@pytest.fixture(scope="module")
def access():
    with embedded() as account, pytest.MonkeyPatch.context() as patch:
        for name, value in account.cloud.environment().items():
            patch.setenv(name, value)
        yield DirectAccess(account.cloud.connection())


@pytest.mark.parametrize(
    ("asked", "usd"),
    [
        (Asked("on_demand", "m7i.xlarge"), 0.2016),
        (Asked("spot", "m7i.xlarge", "us-east-1a", HOUR), 0.08064),
        (Asked("volume", "gp3"), 0.08 / HOURS_OF_MONTH),
        (Asked("fargate", "vcpu"), 0.04048),
        (Asked("fargate", "memory"), 0.004445),
        (Asked("fargate_spot", "vcpu"), 0.01334),
        (Asked("restore", "DEEP_ARCHIVE-standard-gb"), 0.02),
        (Asked("restore", "GLACIER-bulk-gb"), 0.0),
        (Asked("restore", "copy"), 0.023),
        (Asked("file_system", "fsx"), 0.14 / HOURS_OF_MONTH),
        (Asked("file_system", "efs_read"), 0.03),
        (Asked("on_demand", "x9.huge"), None),
        (Asked("spot", "x9.huge", "us-east-1a", HOUR), None),
    ],
)
def test_aws_says_what_things_cost(access, asked, usd):
    price = AwsPrices(access).find(asked)
    assert (price and pytest.approx(price.usd)) == usd
    sources = {"spot": "spot_history", "file_system": "list"}
    assert price is None or price.source == sources.get(asked.item, "price_list")


def test_what_aws_says_is_kept_with_its_day_and_not_asked_again(tmp_path, access):
    at = HOUR * 3600.0
    first = PriceBook(Storage(str(tmp_path)), "", "us-east-1", AwsPrices(access)).find(Asked("volume", "gp3"), at)
    [kept] = Storage(str(tmp_path)).list("prices/")
    assert kept.key == f"prices/date={time.strftime('%Y-%m-%d', time.gmtime(at))}/us-east-1/volume-gp3.json"
    silent = SimpleNamespace(find=lambda asked: pytest.fail(f"asked for {asked}"))
    assert PriceBook(Storage(str(tmp_path)), "", "us-east-1", silent).find(Asked("volume", "gp3"), at) == first


def test_a_role_that_may_not_ask_is_told_once_what_to_allow(caplog, monkeypatch):
    from botocore.exceptions import ClientError

    def refuse(*_, **__):
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetProducts")

    access = SimpleNamespace(
        settings=SimpleNamespace(endpoint_url="http://refused"),
        region="eu-west-1",
        pricing=SimpleNamespace(get_paginator=refuse),
    )
    prices = AwsPrices(access)
    assert [prices.find(Asked("on_demand", name)) for name in ("a.large", "b.large")] == [None, None]
    [record] = [each for each in caplog.records if "prices" in each.getMessage()]
    assert "allow it, or write prices.yaml into the ledger" in record.getMessage()
    assert "pricing:GetProducts" in record.getMessage()


def test_a_lab_s_own_prices_go_before_those_of_aws(tmp_path, access):
    (tmp_path / NAME).write_text("{date: 2026-10-01, on_demand: {m7i.xlarge: 0.15}, volume: {gp3: 0}}")
    book = PriceBook(Storage(str(tmp_path)), "", "us-east-1", AwsPrices(access))
    own = book.find(Asked("on_demand", "m7i.xlarge"), 0.0)
    assert own is not None
    assert (own.usd, own.source, own.date) == (0.15, NAME, "2026-10-01")
    free = book.find(Asked("volume", "gp3"), 0.0)
    assert free is not None
    assert free.usd == 0
    assert book.find(Asked("on_demand", "m7i.large"), 0.0).usd == 0.1008


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{on_demand: {m7i.xlarge: 0.15}}", "does not say from which `date`"),
        ("{date: 2026-10-01, ondemand: {}}", "there is no group 'ondemand'"),
        ("{date: 2026-10-01, spot: {m7i.xlarge: -1}}", "`spot: m7i.xlarge` is -1; give USD"),
        ("{date: 2026-10-01, spot: {m7i.xlarge: .nan}}", "`spot: m7i.xlarge` is nan; give USD"),
        ("{date: 2026-10-01, spot: {m7i.xlarge: '0.1'}}", "give USD as a number"),
        ("{date: 2026-10-01, file_system: {lustre: 0.1}}", "has no 'lustre'; it takes fsx, efs, efs_read, efs_write"),
        ("{date: 2026-10-01, spot: 0.1}", "`spot` is 0.1; give names with USD"),
        ("{date: ", "is no YAML"),
        ("[]", "write it like {date: "),
    ],
)
def test_a_file_of_prices_that_is_of_no_use_is_refused_with_what_to_write(tmp_path, text, said):
    (tmp_path / NAME).write_text(text)
    with pytest.raises(PriceFileError) as caught:
        read_price_file(Storage(str(tmp_path)), NAME)
    assert said in str(caught.value)
    assert str(tmp_path / NAME) in str(caught.value)


def test_no_price_is_taken_from_elsewhere_while_the_lab_s_own_file_is_broken(tmp_path, caplog):
    (tmp_path / NAME).write_text("[]")
    book = PriceBook(Storage(str(tmp_path)), "", "us-east-1", SimpleNamespace(find=lambda asked: pytest.fail("asked")))
    assert [book.find(Asked("volume", name), 0.0) for name in ("gp2", "gp3")] == [None, None]
    assert [NAME in each.getMessage() for each in caplog.records] == [True]


def test_a_damaged_price_that_was_kept_is_asked_for_again(tmp_path, access):
    storage = Storage(str(tmp_path))
    book = lambda: PriceBook(storage, "", "us-east-1", AwsPrices(access)).find(Asked("volume", "gp3"), 0.0)  # noqa: E731
    first = book()
    [kept] = storage.list("prices/")
    storage.put(kept.key, b"torn")
    assert book() == first
    assert json.loads(storage.get(kept.key)) == first.to_json()
