"""All wells by UMAP, which shows neighbours where principal components show the largest differences."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from platerunner_unit.cytomining.components import Spread, shared_values
from platerunner_unit.cytomining.levels import Frame

SEED, NEIGHBOURS, FEWEST = 1, 15, 4
COMPILE_FROM = 64
"""Wells from which on compiling, which takes ten seconds of CPU, is quicker than Python itself."""


def of_wells(profiles: Frame) -> Spread:
    """Places by UMAP of the features that all wells have; the same profiles have the same places again.

    :param profiles: with fewer than four wells, or no such feature, all lie at 0, and the note says so.
    """
    values = shared_values(profiles)
    wells, features = values.shape
    if wells < FEWEST or features < 2:
        return Spread(np.zeros((wells, 2)), f"UMAP needs {FEWEST} wells and 2 features, not {wells} and {features}")
    neighbours = min(NEIGHBOURS, wells - 1)
    note = f"UMAP of {features:,} features, {neighbours} neighbours, seed {SEED}; distances between groups mean little"
    return Spread(_fit(values, neighbours), note)


def _fit(values: Any, neighbours: int) -> Any:
    if len(values) < COMPILE_FROM:
        os.environ.setdefault("NUMBA_DISABLE_JIT", "1")  # read when numba is imported, which umap does
    from umap import UMAP

    # One job and a seed make it repeatable; beginning at principal components needs no eigenvectors of few wells.
    return UMAP(n_neighbors=neighbours, random_state=SEED, n_jobs=1, init="pca").fit_transform(values)
