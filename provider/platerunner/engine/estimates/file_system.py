"""What the file system of a run would cost: by its size or its content, for as long as the run would take."""

import time
from collections.abc import Sequence

from platerunner.engine.estimates.model import Amount, FileSystemEstimate, RunEstimate
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.model import StepPlan, UnitState
from platerunner.engine.planning.settings import data_root, workspace_url
from platerunner.engine.prices.book import PriceBook
from platerunner.engine.prices.model import Asked, Price
from platerunner.spec.model import FastStorage, Pipeline
from platerunner.spec.templates import render
from platerunner_unit.contract.mounted import Mounted
from platerunner_unit.contract.words import show_number

GIB = 1024**3
MAKING_S = {"fsx": 15 * 60.0, "efs": 2 * 60.0}
"""Seconds until jobs can have one, at most as a rule: it is paid meanwhile."""
NAMES = {"fsx": ("fsx",), "efs": ("efs", "efs_read", "efs_write")}
"""The prices that a kind has."""
WORDS = {"list": "AWS's list"}
"""Who said a price, for people, where that is no name of a file."""


def file_system_of(
    pipeline: Pipeline, context: RunContext, plans: Sequence[StepPlan], run: RunEstimate, book: PriceBook | None
) -> FileSystemEstimate | None:
    """What the run's file system would cost; None if it makes none.

    :param context: params and roots, under which the plans were made.
    :param plans: of the whole pipeline.
    :param run: the estimate of its steps.
    :param book: of prices; None if nobody may be asked.
    """
    storage = pipeline.storage
    if storage is None or not run.steps:
        return None
    if run.wall_s is None:
        return FileSystemEstimate(storage.kind, None, "for how long is not known, since that of a step is not")
    seconds = run.wall_s + MAKING_S[storage.kind]
    prices = {name: _price(name, book) for name in NAMES[storage.kind]}
    known = {name: price.usd for name, price in prices.items() if price is not None}
    if missing := [f"{name}: USD" for name in prices if name not in known]:
        remedy = f"write `file_system: {{{', '.join(missing)}}}` into prices.yaml of the ledger"
        return FileSystemEstimate(storage.kind, seconds, f"its price is not known; {remedy}")
    if storage.kind == "fsx":
        held, usd = float(storage.capacity), 0.0
    else:
        held, read = _through(pipeline, context, plans, storage)
        usd = read * known["efs_read"] + held * known["efs_write"]
    usd += held * known[storage.kind] * seconds / 3600
    longer = (run.machine_s.high or 0.0) / run.machine_s.usual if run.machine_s.usual else 1.0
    sources = {f"{WORDS.get(each.source, each.source)} of {each.date}" for each in prices.values() if each}
    said = ", ".join(sorted(sources))
    basis = f"{show_number(held, 3)} GiB until the run ends, by {said}; what it waits at a gate comes on top"
    return FileSystemEstimate(storage.kind, seconds, basis, Amount(usd, usd * longer))


def _price(name: str, book: PriceBook | None) -> Price | None:
    return book.find(Asked("file_system", name), time.time()) if book else None


def _through(
    pipeline: Pipeline, context: RunContext, plans: Sequence[StepPlan], storage: FastStorage
) -> tuple[float, float]:
    """GiB of the files that pending units leave in it, each once, and GiB that they read of them."""
    mounted = Mounted(storage.kind, str(render(storage.data, context.templates())))
    roots = {"data": data_root(pipeline, context), "workspace": workspace_url(pipeline, context)}
    held: dict[str, int] = {}
    read = 0
    for task in (task for plan in plans for task in plan.tasks(UnitState.PENDING)):
        for file in {file.key: file for files in task.inputs.values() for file in files}.values():
            url = f"{roots[file.root].rstrip('/')}/{file.key}"
            if file.size is not None and mounted.path_of(url, file.etag or "") is not None:
                held[url] = file.size
                read += file.size
    return sum(held.values()) / GIB, read / GIB
