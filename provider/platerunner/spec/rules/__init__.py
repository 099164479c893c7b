"""What the schema cannot say: each rule looks at a draft and notes its problems."""

from collections.abc import Callable

from platerunner.spec.draft import Draft
from platerunner.spec.rules.commands import check_parameters
from platerunner.spec.rules.dataset import check_dataset
from platerunner.spec.rules.gates import check_checks, check_gates
from platerunner.spec.rules.graph import check_cycles
from platerunner.spec.rules.header import check_header
from platerunner.spec.rules.load_data import check_load_data
from platerunner.spec.rules.locations import check_locations
from platerunner.spec.rules.modules import check_modules
from platerunner.spec.rules.names import check_names
from platerunner.spec.rules.outputs import check_outputs
from platerunner.spec.rules.own_values import check_own_values
from platerunner.spec.rules.ports import check_ports
from platerunner.spec.rules.ranges import check_ranges
from platerunner.spec.rules.references import check_references, check_waiting
from platerunner.spec.rules.schedule import check_schedule
from platerunner.spec.rules.split import check_split
from platerunner.spec.rules.templates import check_templates
from platerunner.spec.rules.wildcards import check_overrides, check_sampling, check_wildcards

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
