"""A gate in one run: the files that it is about, its report, and whether it was passed already."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from itertools import chain

from platerunner.batch.console import object_url
from platerunner.engine.access import Access
from platerunner.engine.gates.approvers import Approvers
from platerunner.engine.gates.asked import Asked
from platerunner.engine.gates.decisions import Decision, decisions, gated_fingerprint, record, remember, standing
from platerunner.engine.gates.questions import Questions
from platerunner.engine.gates.report import Check, body, checks_of, flatten
from platerunner.engine.planning.available import from_step, from_workspace_pattern, of_branch
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.settings import workspace_url
from platerunner.engine.records.branches import current_in
from platerunner.engine.telemetry import Point, send
from platerunner.spec.model import Pipeline
from platerunner.spec.steps import Gate, InputRef, Step
from platerunner_unit.contract.manifest import InputFile
from platerunner_unit.contract.telemetry import signals

PICTURES = (".png", ".jpg", ".jpeg", ".svg", ".html")
MAX_PICTURES, MAX_NUMBERS = 100, 300
"""The most pictures and numbers in an XCom, which is a row of a database; the report has all of them."""


class GateRun:
    """Everything that a gate knows of its run.

    :param gate: name of the gate.
    :param context: params, roots, the run's id, and the branch that it asks about, if it asks about one.
    """

    SUBJECT = "file"
    """What :attr:`files` are."""

    def __init__(self, hook: Access, pipeline: Pipeline, gate: str, context: RunContext) -> None:
        spec = pipeline.steps[gate]
        assert isinstance(spec, Gate)
        self.hook = hook
        self.gate = spec
        self.pipeline = pipeline
        self.context = context
        self.run_id = context.run_id
        self.dry_run = context.options.dry_run
        self.workspace = hook.storage(workspace_url(pipeline, context))
        self.branch = context.branch.key if context.branch else ""
        self.questions = Questions(self.workspace, self.run_id, gate, self.branch)

    @cached_property
    def approvers(self) -> Approvers:
        """Who may decide."""
        return Approvers(self.gate.approvers, self.hook.settings.approver_groups)

    @cached_property
    def files(self) -> list[InputFile]:
        """The gated files: what is shown, and what the steps that the gate waits for wrote in this run."""
        report = self._report
        refs = [ref if isinstance(ref, InputRef) else InputRef("workspace", ref) for ref in self.gate.show.values()]
        needs = dict.fromkeys([*self.gate.needs, *(report.needs if report else ())])
        steps = [step for step in (self.pipeline.steps[name] for name in needs) if isinstance(step, Step)]
        refs += [InputRef(step.name, name) for step in steps for name in step.outputs]
        found = chain.from_iterable(self._files_of(ref) for ref in dict.fromkeys(refs))
        return list({file.key: file for file in found}.values())

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the gated files as they are now."""
        return gated_fingerprint(self.files)

    @cached_property
    def numbers(self) -> dict[str, float]:
        """The figures of the report, by dotted name."""
        found: dict[str, float] = {}
        for file in self._report_files:
            if file.key.endswith(".json"):
                found |= flatten(json.loads(self.workspace.get(file.key)))
        return found

    def approval(self) -> Decision | None:
        """The approval that stands for these very files."""
        return standing(decisions(self.workspace, self.gate.name, self.fingerprint, self.branch))

    def closed(self) -> Decision | None:
        """What closed the gate for these very files in this run: a rejection, or that nobody answered in time."""
        made = decisions(self.workspace, self.gate.name, self.fingerprint, self.branch)
        own = [each for each in made if each.run_id == self.run_id and each.decision != "refused"]
        return own[-1] if own and own[-1].decision in ("rejected", "timed out") else None

    def passed(self) -> str:
        """Why nobody has to be asked, as a sentence; empty if somebody has, unless these very files were approved."""
        return ""

    @property
    def lines(self) -> list[str]:
        """What a dry run says of it."""
        return []

    @cached_property
    def pictures(self) -> list[str]:
        """Keys of what people look at: pages first, then pictures."""
        shown = [file.key for file in self._report_files if file.key.endswith(PICTURES)]
        return sorted(shown, key=lambda key: (not key.endswith(".html"), key))

    @property
    def checks(self) -> list[Check]:
        """The spec's checks with what the report says."""
        return checks_of(self.numbers, self.gate.checks)

    def question(self, page: str, refused: str = "") -> str:
        """What a person is shown, in Markdown.

        :param page: address of the gate's own page.
        :param refused: why an earlier answer did not count.
        """
        links = [object_url(self.workspace.url, key) for key in self.pictures]
        may = self.approvers.sentence
        shown = [page, *links]
        return body(self.gate.title, shown, len(self.files), self.numbers, self.checks, refused=refused, may_decide=may)

    def ask(self) -> Asked:
        """Keep that it asks now, and about what; what a person is shown, as data."""
        asked = self._asked()
        remember(self.workspace, self.gate.name, self.files, self.branch)
        if self.questions.open() is None:  # else it is the same question, put again
            send([Point(signals.GATE_ASKED, 1, self._place)])
        self.questions.ask(asked.fingerprint)
        return asked

    def _asked(self) -> Asked:
        checks = self.checks
        return Asked(
            pipeline=self.pipeline.name,
            gate=self.gate.name,
            title=self.gate.title,
            run_id=self.run_id,
            workspace=self.workspace.url,
            connection=self.hook.conn_id,
            fingerprint=self.fingerprint,
            files=len(self.files),
            subject=self.SUBJECT,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            branch=self.branch,
            approvers=self.approvers.users,
            pictures=self.pictures[:MAX_PICTURES],
            links=[object_url(self.workspace.url, key) for key in self.pictures[:MAX_PICTURES]],
            numbers=dict(list(self.numbers.items())[:MAX_NUMBERS]),
            checks=[{"name": c.name, "value": c.value, "bounds": c.bounds, "light": c.light} for c in checks],
        )

    def record(self, decision: Decision) -> str:
        """Keep a decision, which settles the question; the key that it is kept under."""
        key = record(self.workspace, self.gate.name, self.files, decision, self.branch)
        self.tell_over(decision.decision)
        self.questions.settle()
        return key

    def tell_over(self, how: str) -> None:
        """Tell a collector that what it asked waits no longer, and for how long it did.

        :param how: what became of it.
        """
        if (asked := self.questions.open()) is not None:
            waited = max(0.0, (datetime.now(UTC) - asked.asked_at).total_seconds())
            send([Point(signals.GATE_WAIT, waited, {**self._place, signals.DECISION: how})])

    @property
    def _place(self) -> dict[str, str]:
        return {signals.PIPELINE: self.pipeline.name, signals.GATE: self.gate.name}

    @property
    def _report(self) -> Step | None:
        step = self.pipeline.steps.get(self.gate.report or "")
        return step if isinstance(step, Step) else None

    @cached_property
    def _report_files(self) -> list[InputFile]:
        report = self._report
        if report is None:
            return []
        found = chain.from_iterable(self._files_of(InputRef(report.name, name)) for name in report.outputs)
        return sorted(found, key=lambda file: file.key)

    def _files_of(self, ref: InputRef) -> Sequence[InputFile]:
        if ref.source == "workspace":
            return of_branch(
                from_workspace_pattern(ref.name, self.workspace, self.context.branch), self.context.branch
            ).files
        # Raw files are the dataset's, not the gate's.
        return [file for name in ref.steps for file in self._written(name, ref.name)]

    def _written(self, name: str, output: str) -> Sequence[InputFile]:
        step = self.pipeline.steps[name]
        assert isinstance(step, Step)
        current = current_in(self.workspace, self.pipeline, step, self.context)
        found = from_step(step, step.outputs[output], self.workspace, current, self.context.branch)
        return of_branch(found, self.context.branch).files
