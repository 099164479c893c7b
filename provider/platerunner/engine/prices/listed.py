"""What file systems cost by AWS's list, written down by hand: how the Price List names them is not known well enough.

A region that is not here has no price, and neither has a lab that pays another one: `prices.yaml` of the ledger has it.
"""

from platerunner.engine.prices.model import HOURS_OF_MONTH, Price

WRITTEN_DOWN = "2026-11-01"
LISTED = {"us-east-1": {"fsx": 0.14, "efs": 0.30, "efs_read": 0.03, "efs_write": 0.06}}
"""By region: USD for a GiB and a month of FSx for Lustre (SCRATCH_2, SSD) and of EFS (Standard, several zones), and for
a GiB that jobs read of EFS or write to it by elastic throughput.

Sources: https://aws.amazon.com/fsx/lustre/pricing/ and https://aws.amazon.com/efs/pricing/
"""
MONTHLY = frozenset({"fsx", "efs"})
"""Those whose price is by the month."""


def listed(name: str, region: str) -> Price | None:
    """The price of a file system where it is written down; None elsewhere.

    :param name: a key of :data:`LISTED`'s regions.
    """
    usd = LISTED.get(region, {}).get(name)
    return None if usd is None else Price(usd / hours_of(name), "list", WRITTEN_DOWN)


def hours_of(name: str) -> float:
    """Hours by which a price is divided to be one of an hour."""
    return HOURS_OF_MONTH if name in MONTHLY else 1.0
