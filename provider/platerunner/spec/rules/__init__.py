"""What the schema cannot say: each rule looks at a draft and notes its problems."""

from collections.abc import Callable

from platerunner.spec.draft import Draft
from platerunner.spec.rules.dataset import check_dataset
from platerunner.spec.rules.load_data import check_load_data
from platerunner.spec.rules.locations import check_locations
from platerunner.spec.rules.modules import check_modules, check_parameters, check_ports
from platerunner.spec.rules.outputs import check_outputs
from platerunner.spec.rules.params import check_header, check_ranges, check_templates
from platerunner.spec.rules.references import check_cycles, check_references, check_waiting
from platerunner.spec.rules.schedule import check_schedule
from platerunner.spec.rules.steps import check_checks, check_gates, check_names, check_split
from platerunner.spec.rules.wildcards import check_overrides, check_own_values, check_sampling, check_wildcards

RULES: tuple[Callable[[Draft], None], ...] = (
    check_header,
    check_ranges,
    check_schedule,
    check_templates,
    check_locations,
    check_dataset,
    check_names,
    check_references,
    check_gates,
    check_checks,
    check_cycles,
    check_modules,
    check_overrides,
    check_ports,
    check_parameters,
    check_load_data,
    check_outputs,
    check_wildcards,
    check_own_values,
    check_waiting,
    check_sampling,
    check_split,
)
