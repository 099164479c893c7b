"""Where in a run something went wrong: CellProfiler's own words, from cellprofiler_core/pipeline/_pipeline.py 4.2.8.

A logging.conf may put something like "ERROR|root|" before them, so they are not anchored at the start of a line.
"""

from __future__ import annotations

from platerunner_unit.contract.category import Category
from platerunner_unit.log.line_rules import LineRule

C = Category
MARKS: tuple[LineRule, ...] = (
    LineRule(
        name="module_error",
        literals="Error detected during run of module",
        pattern=r"(?:^|\W)Error detected during run of module (?P<module>[A-Za-z]\w*)",
        learnt_from="Error detected during run of module LoadData",
        clause="{module} failed",
        veto=True,
    ),
    LineRule(
        name="load_data_error",
        literals="Failed to prepare run for module LoadData",
        pattern=r"(?:^|\W)Failed to prepare run for module LoadData\b",
        learnt_from="Failed to prepare run for module LoadData",
        category=C.INPUT_UNREADABLE,
        clause="LoadData could not use its CSV file",
        veto=True,
    ),
    LineRule(
        name="prepare_run_error",
        literals="Failed to prepare run for module",
        pattern=r"(?:^|\W)Failed to prepare run for module (?P<module>\w+)",
        learnt_from="Failed to prepare run for module LoadData",
        clause="{module} could not begin",
        veto=True,
    ),
    LineRule(
        name="prepare_group_error",
        literals="Failed to prepare group in module",
        pattern=r"(?:^|\W)Failed to prepare group in module (?P<module>\w+)",
        learnt_from="Failed to prepare group in module CorrectIlluminationCalculate",
        clause="{module} could not begin a group",
        veto=True,
    ),
    LineRule(
        name="post_group_error",
        literals="Failed during post-group processing for module",
        pattern=r"(?:^|\W)Failed during post-group processing for module (?P<module>\w+)",
        learnt_from="Failed during post-group processing for module SaveImages",
        clause="{module} failed at the end of a group",
        veto=True,
    ),
    LineRule(
        name="post_run_error",
        literals="Failed to complete post_run processing for module",
        pattern=r"(?:^|\W)Failed to complete post_run processing for module (?P<module>\w+)",
        learnt_from="Failed to complete post_run processing for module ExportToSpreadsheet.",
        clause="{module} failed after the last image set",
        veto=True,
    ),
    LineRule(
        name="batch_info_error",
        literals="Failed to collect batch information for module",
        pattern=r"(?:^|\W)Failed to collect batch information for module (?P<module>\w+)",
        learnt_from="Failed to collect batch information for module LoadData",
        clause="{module} could not be prepared for batches",
        veto=True,
    ),
    LineRule(
        name="database_error",
        literals="Failed to write measurements to database",
        pattern=r"(?:^|\W)Failed to write measurements to database",
        learnt_from="Failed to write measurements to database",
        clause="ExportToDatabase could not write its rows",
        veto=True,
    ),
    LineRule(
        name="load_error",
        literals="Failed to load pipeline",
        pattern=r"(?:^|[|:\]] ?)Failed to load pipeline",
        learnt_from="Failed to load pipeline",
        category=C.PIPELINE_INVALID,
        clause="a module of the pipeline could not be loaded",
        veto=True,
    ),
    LineRule(
        name="names_kept",
        literals="platerunner: LoadData keeps names",
        pattern="^platerunner: LoadData keeps names as they are written",
        learnt_from="platerunner: LoadData keeps names as they are written",
    ),
    LineRule(
        name="run_began",
        literals="Times reported are CPU and Wall-clock times",
        pattern="Times reported are CPU and Wall-clock times for each module",
        learnt_from="Times reported are CPU and Wall-clock times for each module",
    ),
    LineRule(
        name="listing_ended",
        literals="--- end measurements ---",
        pattern="^--- end measurements ---",
        learnt_from="--- end measurements ---",
    ),
    LineRule(
        name="plugin_import",
        literals="Could not load ; Failed to load ; could not load these modules",
        pattern=(
            r"(?:^|\W)(?:(?:Could not|Failed to) load (?!pipeline)(?P<module>[A-Za-z_][\w.]*)$|"
            "could not load these modules: (?P<modules>.+))"
        ),
        learnt_from="Could not load brokenplug",
    ),
)
