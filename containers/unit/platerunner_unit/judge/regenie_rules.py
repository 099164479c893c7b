"""Rules for regenie: a run succeeded if its numbers add up. One in five runs that lost work ended with exit code 0.

Most of them hold for PLINK, too, whose own are in :mod:`platerunner_unit.judge.plink_rules`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Optional

from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import Verdict
from platerunner_unit.contract.regenie import LOCO_ROWS, RegenieOutput, RegenieRun
from platerunner_unit.judge.causes import short
from platerunner_unit.judge.facts import Facts, tail, verdict
from platerunner_unit.judge.regenie_errors import meaning_of

C = Category
ABORTED = (134, -6)


def run_of(facts: Facts) -> RegenieRun:
    """The run."""
    return facts.evidence.regenie or RegenieRun()


def cut_genotypes(facts: Facts) -> Optional[Verdict]:
    """A BGEN that is cut or damaged within a variant: a thread throws a bare string and the program aborts."""
    aborted = facts.evidence.exit_code in ABORTED and run_of(facts).asked.genotypes == "bgen"
    thrown = next((error for error in run_of(facts).log.errors if "terminate called" in error), None)
    if not aborted or thrown is None or "basic_string" not in thrown:
        return None
    return verdict(C.INPUT_UNREADABLE, "It aborted in a variant of the BGEN, as it does when the file is cut.", thrown)


def said(facts: Facts) -> Optional[Verdict]:
    """The program itself, or a library, names the error."""
    log = run_of(facts).log
    if not log.errors or facts.evidence.exit_code == 0:
        return None
    text = log.errors[0]
    return verdict(meaning_of(text, log), f"regenie stopped: {short(text)}.", text, log.warnings[:20])


def failed(facts: Facts) -> Optional[Verdict]:
    """It ended with an error and does not say which."""
    code = facts.evidence.exit_code
    if code in (None, 0):
        return None
    return verdict(C.TOOL_ERROR, f"{facts.evidence.tool} ended with exit code {code} and names no reason.", tail(facts))


def told(facts: Facts) -> Optional[Verdict]:
    """It ran neither step, for example only to print its version, and printed something."""
    asked = run_of(facts).asked
    if asked.step is not None or facts.evidence.exit_code != 0 or not tail(facts) or facts.evidence.outputs:
        return None
    return verdict(C.SUCCEEDED, f"{facts.evidence.tool} said what it was asked for.")


def broke_off(facts: Facts) -> Optional[Verdict]:
    """It ended with 0, but its log breaks off."""
    if run_of(facts).log.ended or facts.evidence.exit_code != 0:
        return None
    return verdict(C.UNKNOWN, "Its log does not end in `End time`, so nothing is proven.", tail(facts))


def not_fitted(facts: Facts) -> Optional[Verdict]:
    """A null model of step 1 did not converge: no predictions of the trait, exit 0."""
    run = run_of(facts)
    lines = [line for line in run.log.warnings if "did not converge" in line]
    lost = _lost(run)
    if not lines or not lost:
        return None
    sentence = f"The null model did not converge for {len(lines)} of {len(run.asked.traits)} traits: {short(lines[0])}."
    return verdict(C.TOOL_ERROR, sentence, lines[0], lines[1:21], partial=_some_left(run))


def cut_outputs(facts: Facts) -> Optional[Verdict]:
    """Outputs that are empty, or end too early or within a row: what it silently writes to a full disk."""
    outputs = [o for o in run_of(facts).outputs if o.size == 0 or not o.whole]
    if not outputs:
        return None
    # No other cause was ever seen: regenie does not check that its writes succeed.
    how = "has 0 bytes" if outputs[0].size == 0 else "is cut"
    others = f" ({len(outputs) - 1} more like this)" if len(outputs) > 1 else ""
    sentence = f"{outputs[0].name} {how} although {facts.evidence.tool} ended as it should{others}: a full disk."
    return verdict(C.OUT_OF_DISK, sentence)


def short_outputs(facts: Facts) -> Optional[Verdict]:
    """Files whose size or number of rows follows from the command line."""
    run = run_of(facts)
    for output in run.outputs:
        wanted = _rows_wanted(run, output)
        if wanted is not None and output.rows is not None and output.rows < wanted:
            return verdict(C.OUT_OF_DISK, f"{output.name} has {output.rows} rows of {wanted}, as on a full disk.")
    size = _part_size(run)
    for output in run.outputs:
        if run.asked.part == "run-l0" and None not in (size, output.size) and output.size != size:
            return verdict(C.OUT_OF_DISK, f"{output.name} has {output.size} bytes of {size}, as on a full disk.")
    return None


def _rows_wanted(run: RegenieRun, output: RegenieOutput) -> Optional[int]:
    if output.name.endswith((".loco", ".loco.gz")):
        return LOCO_ROWS
    if output.name.endswith(".master"):
        return sum(other.name.endswith(".snplist") for other in run.outputs) + 1
    return None


def _part_size(run: RegenieRun) -> Optional[int]:
    """Bytes of a part of level 0: blocks x ridge parameters x samples doubles (regenie 4.1.2)."""
    log = run.log
    if log.blocks is None or log.ridges is None or log.analysed is None:
        return None
    return log.blocks * log.ridges * log.analysed * 8


def same_trait_twice(facts: Facts) -> Optional[Verdict]:
    """Two columns have the same name, and both are fitted under it."""
    traits = run_of(facts).log.traits
    twice = next((trait for n, trait in enumerate(traits) if trait in traits[:n]), None)
    if twice is None:
        return None
    return verdict(C.INPUT_UNREADABLE, f"Two columns of the phenotypes are called {twice}, and both were fitted.")


def not_a_number(facts: Facts) -> Optional[Verdict]:
    """A fit is not a number and spoils all predictions: a variant without a genotype, or damaged parts of level 0."""
    run = run_of(facts)
    if run.asked.step != 1 or not (run.log.nan or any(output.nan for output in run.outputs)):
        return None
    return verdict(C.INPUT_UNREADABLE, "The fit of a trait is not a number (nan), so its predictions are not either.")


def lost_traits(facts: Facts) -> Optional[Verdict]:
    """Traits without an output: regenie dropped them for their data, or no column has the name."""
    run = run_of(facts)
    lost = _lost(run)
    if not lost or run.asked.part == "split-l0":
        return None
    reasons = [line for line in run.log.warnings if "will be ignored" in line or line.startswith("Skipping ")]
    named = [trait for trait in run.asked.traits if trait not in run.log.traits]
    if reasons:
        category, why = C.INPUT_UNREADABLE, short(reasons[0])
    elif named and run.log.traits:
        category, why = C.MISCONFIGURED, f"{facts.evidence.tool} worked on {', '.join(run.log.traits)} only"
    else:
        category, why = C.OUTPUT_MISSING, f"{lost[0].name} was not written"
    sentence = f"Results of {len(lost)} of {len(run.outputs)} outputs are missing: {why}."
    return verdict(category, sentence, reasons[0] if reasons else "", partial=_some_left(run))


def empty_traits(facts: Facts) -> Optional[Verdict]:
    """Tables with a header and no row."""
    run = run_of(facts)
    empty = [output for output in run.outputs if output.rows == 0]
    if not empty or run.asked.step != 2:
        return None
    names = ", ".join(output.trait or output.name for output in empty)
    some = len(empty) < len(run.outputs)
    unpredicted = [output for output in empty if output.trait in run.log.no_predictions]
    if run.log.results is not None and run.log.results < len(run.outputs):
        return verdict(C.TOOL_ERROR, f"The null model of {names} failed: no test has a row.", partial=some)
    if unpredicted:
        sentence = f"The predictions of step 1 for {names} are of other samples: no test has a row."
        return verdict(C.INPUT_UNREADABLE, sentence, partial=some)
    why = f"all were ignored for their low allele count ({run.log.ignored})" if run.log.ignored else "no block was run"
    return verdict(C.NOTHING_MATCHED, f"No test of {names} has a row: {why}.", partial=some)


def fewer_samples(facts: Facts) -> Optional[Verdict]:
    """It silently drops samples that the genotypes, phenotypes or covariates lack."""
    run = run_of(facts)
    asked, log = run.asked, run.log
    if asked.samples is None or asked.part == "split-l0":
        return None
    if log.samples is not None and log.samples < asked.samples:
        # A variant of a BED takes a byte for four samples: only a FAM that needs as many bytes reads it at its place.
        shifted = asked.genotypes == "bed" and -(-log.samples // 4) != -(-asked.samples // 4)
        wrong = ", so that all genotypes were read at wrong places" if shifted else ""
        sentence = f"The genotypes have {log.samples} of {asked.samples} samples{wrong}."
        return verdict(C.INPUT_UNREADABLE, sentence, partial=not shifted)
    # With one trait, samples without it are dropped, as they should be; those without covariates are not.
    counts = [log.with_covariates] if len(asked.traits) == 1 else [log.analysed, log.with_covariates]
    wanted = log.kept if asked.picks_samples else asked.samples
    used = min((count for count in counts if count is not None), default=wanted)
    if wanted is None or used is None or used >= wanted:
        return None
    sentence = f"{used} of {wanted} samples have phenotypes and covariates; the others were left out."
    return verdict(C.INPUT_UNREADABLE, sentence, partial=True)


def fewer_variants(facts: Facts) -> Optional[Verdict]:
    """It silently drops variants that the genotypes lack; step 1 without them is wrong."""
    run = run_of(facts)
    asked, log = run.asked, run.log
    if asked.variants is None:
        return None
    if log.variants is not None and log.variants < asked.variants:
        by_place = asked.genotypes == "bed"
        wrong = "; a BED is read by place, so that others may have their neighbour's genotypes" if by_place else ""
        sentence = f"The genotypes name {log.variants} of {asked.variants} variants{wrong}."
        return verdict(C.INPUT_UNREADABLE, sentence, partial=asked.step == 2 and not by_place)
    if log.remaining is not None and log.remaining < asked.variants:
        sentence = f"{log.remaining} of {asked.variants} variants that were asked for are in the genotypes."
        return verdict(C.PARTIAL, sentence, partial=asked.step == 2)
    if asked.step == 1 and log.blocked is not None and log.blocked < asked.variants and asked.part != "run-l0":
        sentence = f"Step 1 was fitted on {log.blocked} of {asked.variants} variants."
        return verdict(C.INPUT_UNREADABLE, sentence)
    return None


def lost_tests(facts: Facts) -> Optional[Verdict]:
    """Rows and ignored tests do not add up to variants times traits."""
    run = run_of(facts)
    tests = _tests(run)
    if tests is None or run.asked.variants is None:
        return None
    wanted = run.asked.variants * len(run.asked.traits)
    if _of_all_traits(run) and tests > wanted:
        return None  # a row for all traits is there if one trait has it: ignored tests may be within it
    if tests == wanted:
        return None
    if tests > wanted:
        return verdict(C.UNKNOWN, f"There are {tests} tests, more than the {wanted} that were asked for.")
    return verdict(
        C.INPUT_UNREADABLE, f"{wanted - tests} of {wanted} tests have no row and were not ignored.", partial=True
    )


def _tests(run: RegenieRun) -> Optional[int]:
    """Tests that have a row or were ignored, of all traits at least; None where they cannot be counted."""
    rows = [output.rows for output in run.outputs if output.rows is not None]
    counted = len(rows) == len(run.outputs) and (_of_all_traits(run) or len(rows) == len(run.asked.traits))
    if run.asked.step != 2 or not run.asked.single_tests or not counted or run.log.ignored is None:
        return None
    return sum(rows) * (len(run.asked.traits) if _of_all_traits(run) else 1) + run.log.ignored


def _of_all_traits(run: RegenieRun) -> bool:
    """Whether there is one table for all traits (``--no-split``)."""
    return len(run.outputs) == 1 < len(run.asked.traits)


def lost_chromosomes(facts: Facts) -> Optional[Verdict]:
    """A chromosome that was asked for was not reached, or has no row."""
    run = run_of(facts)
    if run.asked.step != 2 or not run.log.chromosomes:
        return None
    with_rows = {name for output in run.outputs for name in output.chromosomes}
    missing = [name for name in run.asked.chromosomes if name not in {*run.log.chromosomes, *with_rows}]
    if missing:
        sentence = f"The genotypes have nothing of chromosome {', '.join(missing)}, which was asked for."
        return verdict(C.PARTIAL, sentence, partial=True)
    empty = [name for name in run.log.chromosomes if name not in with_rows]
    if not empty or not with_rows or not run.asked.single_tests:
        return None
    sentence = f"No test of chromosome {', '.join(empty)} has a row, as when the genotypes are cut."
    return verdict(C.INPUT_UNREADABLE, sentence, partial=True)


def unknown_sets(facts: Facts) -> Optional[Verdict]:
    """It dropped sets or masks that the genotypes or annotations do not have."""
    run = run_of(facts)
    lines = [line for line in run.log.warnings if "with only unknown" in line]
    return verdict(C.PARTIAL, f"{short(lines[0])}.", lines[0], lines[1:], partial=True) if lines else None


def proven(facts: Facts) -> Optional[Verdict]:
    """Every output is there and all numbers add up; the rules before this one found nothing against it."""
    e, run = facts.evidence, run_of(facts)
    if e.exit_code != 0 or not run.log.ended or not run.outputs or not facts.exported:
        return None
    if any(output.size is None for output in run.outputs):
        return None
    return verdict(C.SUCCEEDED, f"{_what_is_there(run, str(e.tool))}.", notes=list(_notes(run, e.warnings)))


def _what_is_there(run: RegenieRun, program: str) -> str:
    tests = _tests(run)
    if tests is None:
        return f"{program} came to its end, and all {len(run.outputs)} outputs are whole"
    rows = sum(output.rows or 0 for output in run.outputs)
    sums = "" if run.asked.variants is None else f", which is all variants of {len(run.asked.traits)} traits"
    what = "variants" if _of_all_traits(run) else "tests"
    ignored = f" and {run.log.ignored} tests were ignored for their low allele count" if program == "regenie" else ""
    return f"{rows} {what} have a row{ignored}{sums}"


def _notes(run: RegenieRun, warnings: Sequence[str]) -> Iterator[str]:
    yield from warnings
    if run.asked.step == 2 and run.asked.variants is None:
        yield "How many variants there should be is not known, so tests that are missing would not be seen."
    yield from run.log.warnings[:20]


def _lost(run: RegenieRun) -> list[RegenieOutput]:
    return [output for output in run.outputs if output.size is None]


def _some_left(run: RegenieRun) -> bool:
    """Whether a trait's table is there; the list of predictions is not a table."""
    return any(output.size and output.rows for output in run.outputs if not output.name.endswith("_pred.list"))
