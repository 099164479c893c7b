"""Every arranged situation through the whole runner: the verdict is what was arranged."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.live.scene import Played, Scene, can_limit_memory, can_mount
from tests.live.situations import SITUATIONS, Situation

from platerunner_unit.contract.category import CATEGORIES, Category

pytestmark = pytest.mark.cellprofiler
Record = Callable[[str, object], None]
RIGHTS = {"mount": can_mount, "cgroup": can_limit_memory}


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
def test_the_verdict_is_what_was_arranged(situation: Situation, scene: Scene, record_property: Record) -> None:
    if situation.needs and not RIGHTS[situation.needs]():
        pytest.skip(f"this machine gives no right for: {situation.needs}")
    situation.arrange(scene)
    played = scene.play()
    tell(record_property, situation, played)
    verdict = played.outcome.verdict
    told = (played.word, verdict.category, played.outcome.evidence["started"])
    log = played.stdout[-3000:].decode(errors="replace")
    assert told == (situation.word, situation.category, situation.started), f"{verdict}\n{log}"
    assert situation.phrase in " ".join([verdict.sentence, *verdict.notes])
    assert played.code == CATEGORIES[Category(verdict.category)].exit_code
    written = {record.key for record in played.outcome.outputs}
    assert written == (set(scene.outputs) if situation.word == "succeeded" else set())
    assert all(scene.bench.store.exists(key) == (key in written) for key in scene.outputs)


def tell(record_property: Record, situation: Situation, played: Played) -> None:
    """For the table in the docs."""
    verdict = played.outcome.verdict
    record_property("title", situation.title)
    record_property("verdict", played.word)
    record_property("category", verdict.category)
    record_property("sentence", " ".join([verdict.sentence, *verdict.notes[:1]]))
    record_property("found", "by the run" if played.outcome.evidence["started"] else "before")
