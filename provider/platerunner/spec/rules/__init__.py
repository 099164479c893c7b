"""What the schema cannot say: each rule looks at a draft and notes its problems.

A rule about a key that few specs have runs for these specs alone, so that nobody else pays for it or reads through it.
"""

from collections.abc import Callable, Mapping

from platerunner.spec.draft import Draft
from platerunner.spec.rules.assets import check_assets, check_awaited
from platerunner.spec.rules.dataset import check_dataset, check_planes, check_restore
from platerunner.spec.rules.fast_storage import check_fast_storage
from platerunner.spec.rules.load_data import check_images, check_load_data
from platerunner.spec.rules.locations import check_locations, check_tags, check_texts
from platerunner.spec.rules.modules import check_modules, check_parameters, check_ports
from platerunner.spec.rules.outputs import check_folders, check_outputs, check_wildcards
from platerunner.spec.rules.params import check_header, check_ranges, check_templates
from platerunner.spec.rules.references import check_cycles, check_references, check_waiting
from platerunner.spec.rules.schedule import check_budget, check_config, check_schedule, check_upload
from platerunner.spec.rules.steps import check_checks, check_gates, check_names, check_overrides, check_split
from platerunner.spec.rules.units import check_batches, check_own_values, check_sampling, check_unit_tables

RULES: Mapping[Callable[[Draft], None], tuple[str, ...]] = {
    check_header: (),
    check_ranges: (),
    check_schedule: ("schedule", "timezone", "deadline", "notify"),
    check_upload: ("schedule",),
    check_awaited: ("schedule",),
    check_assets: ("assets",),
    check_config: ("schedule", "notify"),
    check_templates: (),
    check_locations: (),
    check_texts: (),
    check_dataset: (),
    check_restore: (),
    check_fast_storage: ("storage",),
    check_names: (),
    check_tags: (),
    check_references: (),
    check_gates: (),
    check_checks: (),
    check_cycles: (),
    check_modules: (),
    check_overrides: (),
    check_ports: (),
    check_parameters: (),
    check_load_data: (),
    check_outputs: (),
    check_folders: (),
    check_planes: (),
    check_images: (),
    check_wildcards: (),
    check_own_values: ("own",),
    check_unit_tables: ("own",),
    check_waiting: (),
    check_sampling: ("every",),
    check_batches: ("batch",),
    check_split: (),
    check_budget: ("budget",),
}
"""Each rule, in the order in which they run, with the keys of a spec or of a step that it is about; () for any spec."""
