"""Specs of one folder that start each other: `validate` warns of assets whose events start nothing."""

import pytest
from tests.specs import wells
from typer.testing import CliRunner

from platerunner.cli import app

KEYS = "events of `features` have keys, and an event with a key starts only what waits `by` something"
NO_KEYS = "events of `features` have no key, so that no `plate` starts a run"


def validate(folder, updates, waits):
    """What `validate` says of a pipeline that updates an asset, and of one that waits for it."""
    made = wells("made", folder="/made", steps=f"  assets: [{updates}]")
    params = "params: {plate: {type: string, default: P1}}\n"
    (folder / "a_waits.yaml").write_text(f"{wells('waits', folder='/waits', head=params + f'schedule: {waits}')}")
    (folder / "made.yaml").write_text(made)
    result = CliRunner().invoke(app, ["validate", str(folder)])
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


@pytest.mark.parametrize(
    ("updates", "waits", "said"),
    [
        ("{asset: features, by: well}", "{asset: features}", KEYS),
        ("{asset: features, by: well}", "{asset: [features, maps]}", KEYS),
        ("features", "{asset: features, by: plate}", NO_KEYS),
        ("features", "{asset: features}", ""),
        ("{asset: features, by: well}", "{asset: features, by: plate}", ""),
        ("features", "{asset: of_a_dag_in_python, by: plate}", ""),
    ],
)
def test_events_and_what_waits_for_them_must_both_have_keys_or_none(tmp_path, updates, waits, said):
    told = validate(tmp_path, updates, waits)
    assert (f"warning: {said}" in told) if said else ("warning" not in told)
