"""A run, or a plate, as an RO-Crate of the profile Workflow Run Crate: for archives, and for who knows no Platerunner.

The crate is a folder with the spec, the tools' own files and `ro-crate-metadata.json`, which names all other files by
where they are, with size and SHA-256. Profile: https://w3id.org/ro/wfrun/workflow/0.5
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from platerunner.engine.lineage.check import tool_files
from platerunner.engine.lineage.model import DATA, Attempt, File, Lineage, LineageError, Passed
from platerunner.spec.model import Pipeline
from platerunner_unit.contract.keys import PREFIX
from platerunner_unit.contract.storage import NotFoundError, Storage
from platerunner_unit.contract.unit_keys import folder_of

TERMS = {
    name: f"https://w3id.org/ro/terms/workflow-run#{name}"
    for name in ("ContainerImage", "DockerImage", "containerImage", "registry", "resourceUsage", "sha256", "tag")
}
"""The profile's words that a crate uses; they are in the crate, so that it is read without a network."""
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
CATALOG = "https://github.com/CellProfiler"
DONE = {"@id": "http://schema.org/CompletedActionStatus"}


@dataclass(frozen=True, slots=True)
class About:
    """What a crate says of itself.

    :param name: of a run or a plate.
    :param licence: URL of the licence of what is in it.
    """

    name: str
    licence: str


def write_crate(folder: Path, lineage: Lineage, pipeline: Pipeline, workspace: Storage, about: About) -> Path:
    """Write a crate; its metadata file.

    :param folder: that is made; one that is there must be empty.
    :raises LineageError: if it is not, if rocrate is not installed, or if a tool's file is gone.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise LineageError(f"{folder} is there already: name a new folder, or empty this one")
    _Crate(lineage, pipeline, workspace, about).write(folder)
    return folder / "ro-crate-metadata.json"


class _Crate:
    """A crate that is being made."""

    def __init__(self, lineage: Lineage, pipeline: Pipeline, workspace: Storage, about: About) -> None:
        try:
            from rocrate.rocrate import ROCrate  # for those who make crates
        except ModuleNotFoundError:
            remedy = "pip install 'airflow-provider-platerunner[rocrate]'"
            raise LineageError(f"rocrate is not installed, which writes RO-Crates: {remedy}") from None
        self._lineage = lineage
        self._pipeline = pipeline
        self._workspace = workspace
        self._about = about
        self._crate: Any = ROCrate(version="1.1")  # on which the profile stands
        self._files: dict[str, Any] = {}
        self._entities: dict[str, Any] = {}

    def write(self, folder: Path) -> None:
        self._describe()
        for file in self._lineage.files.values():
            self._add_file(file)
        spec = self._add_spec()
        self._add_tool_files(spec)
        actions = [self._add_attempt(each) for each in self._lineage.attempts.values()]
        self._add_run(spec)
        self._add_decisions()
        self._crate.root_dataset["mentions"] = [*self._crate.root_dataset.get("mentions", []), *actions]
        self._crate.write(folder)

    def _describe(self) -> None:
        crate, pipeline = self._crate, self._pipeline
        crate.metadata.extra_terms.update(TERMS)
        crate.name = self._about.name
        crate.description = pipeline.description or pipeline.title or f"Files of the pipeline {pipeline.name}"
        licence = {"@type": "CreativeWork", "name": self._about.licence, "description": "Licence of this crate"}
        crate.license = self._entity(self._about.licence, licence)
        crate.root_dataset["conformsTo"] = [
            self._entity(url, {"@type": "CreativeWork", "name": name, "version": version})
            for url, (name, version) in PROFILES.items()
        ]

    def _add_file(self, file: File) -> None:
        """A file where it is; two versions of one that was overwritten have ids of their own."""
        place, versions = _uri_of(file), sum(each.key == file.key for each in self._files_by_key[file.key])
        id_ = f"{place}#sha256={file.sha256}" if versions > 1 and file.sha256 else place
        told: dict[str, Any] = {"@type": "Dataset" if folder_of(file.key) else "File", "name": file.shown}
        told |= {"contentSize": str(file.size)} if file.size is not None else {}
        told |= {"sha256": file.sha256} if file.sha256 else {}
        told |= {"identifier": f"ETag {file.etag}"} if file.etag and not file.sha256 else {}
        self._files[file.id] = self._data(id_, told)

    @property
    def _files_by_key(self) -> Mapping[str, list[File]]:
        if not hasattr(self, "_by_key"):
            self._by_key: dict[str, list[File]] = defaultdict(list)
            for file in self._lineage.files.values():
                self._by_key[file.key].append(file)
        return self._by_key

    def _add_spec(self) -> Any:
        from rocrate.model import ComputerLanguage

        language = ComputerLanguage(
            self._crate,
            "#platerunner",
            properties={
                "name": "Platerunner spec",
                "alternateName": "Platerunner",
                "version": "1",
                "url": "https://pypi.org/project/airflow-provider-platerunner/",
            },
        )
        self._crate.add(language)
        path = self._pipeline.path
        spec = self._crate.add_workflow(path, path.name, main=True, lang=language, properties={"name": path.stem})
        parts = [self._crate.add_file(part, f"parts/{part.name}") for part in self._pipeline.parts]
        spec["hasPart"] = parts
        ins, outs = self._parameters()
        spec["input"], spec["output"] = ins, outs
        return spec

    def _parameters(self) -> tuple[list[Any], list[Any]]:
        """What goes into the workflow, and what comes out of it; the files are their examples."""
        ins, outs = defaultdict[str, dict[str, Any]](dict), defaultdict[str, dict[str, Any]](dict)
        for attempt in self._lineage.attempts.values():
            for name, ids in attempt.inputs.items():
                for file in (self._lineage.files[each] for each in ids if self._lineage.files[each].root == DATA):
                    ins[f"{attempt.outcome.step}.{name}"][file.id] = self._files[file.id]
            for output in attempt.outcome.outputs:
                for file in self._written(attempt, output.key):
                    outs[f"{attempt.outcome.step}.{output.name}"][file.id] = self._files[file.id]
        return [self._parameter("input", *item) for item in ins.items()], [
            self._parameter("output", *item) for item in outs.items()
        ]

    def _parameter(self, kind: str, name: str, examples: Mapping[str, Any]) -> Any:
        about = {"@type": "FormalParameter", "name": name, "additionalType": "File", "multipleValues": "True"}
        conforms = {"@id": "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"}
        entity = self._entity(f"#{kind}/{quote(name)}", {**about, "conformsTo": conforms})
        entity["workExample"] = list(examples.values())
        for example in examples.values():
            example.append_to("exampleOfWork", entity)
        return entity

    def _written(self, attempt: Attempt, key: str) -> list[File]:
        return [file for file in self._files_by_key[key] if file.made_by == attempt.id]

    def _add_tool_files(self, spec: Any) -> None:
        for name, sha256 in sorted(tool_files(self._lineage)):
            key = f"{PREFIX}/files/{sha256}/{name}"
            try:
                content = self._workspace.get(key)
            except NotFoundError as error:
                raise LineageError(
                    f"{self._workspace.url_of(key)} is gone, a file of a tool that made what is asked for: restore it"
                ) from error
            from io import BytesIO

            about = {"name": name, "sha256": sha256, "contentSize": str(len(content))}
            file = self._crate.add_file(BytesIO(content), f"tools/{sha256[:16]}/{name}", properties=about)
            self._files[f"tool:{sha256}/{name}"] = file
            spec.append_to("hasPart", file)

    def _add_attempt(self, attempt: Attempt) -> Any:
        outcome, made = attempt.outcome, attempt.outcome.ingredients
        read = [self._files[each] for ids in attempt.inputs.values() for each in ids]
        tools = [
            self._files[f"tool:{sha256}/{name}"]
            for named in (made.get("files") or {}).values()
            for name, sha256 in named.items()
        ]
        settings = [self._setting(outcome.step, name, value) for name, value in (made.get("with") or {}).items()]
        told = {
            "@type": "CreateAction",
            "name": f"{outcome.step} {outcome.unit}",
            "description": f"Attempt {outcome.attempt} in run {outcome.run_id}: {outcome.verdict.sentence}",
            "startTime": _whole_seconds(outcome.timing.get("started")),
            "endTime": _whole_seconds(outcome.timing.get("ended")),
            "actionStatus": DONE,
        }
        entity = self._entity(f"#attempt/{quote(attempt.id)}", told)
        entity["instrument"] = self._software(attempt)
        entity["object"] = [*_once(read), *_once(tools), *_once(settings)]
        entity["result"] = [
            self._files[file.id] for each in outcome.outputs for file in self._written(attempt, each.key)
        ]
        if (usage := self._usage(attempt)) is not None:
            entity["resourceUsage"] = usage
        return entity

    def _software(self, attempt: Attempt) -> Any:
        """The image that ran, by its digest."""
        outcome = attempt.outcome
        image, tool = outcome.image or "unknown", str(outcome.ingredients.get("tool") or "command")
        id_ = f"#software/{quote(outcome.step)}/{quote(outcome.digest or image)}"
        if id_ in self._entities:
            return self._entities[id_]
        version = outcome.digest or image
        about = {"@type": "SoftwareApplication", "name": f"{tool} ({image})", "softwareVersion": version}
        entity = self._entity(id_, about)
        name, _, tag = image.rpartition(":") if ":" in image else (image, "", "latest")
        container = {
            "@type": "ContainerImage",
            "additionalType": {"@id": "https://w3id.org/ro/terms/workflow-run#DockerImage"},
            "registry": name.partition("/")[0] if "." in name.partition("/")[0] else "docker.io",
            "name": name,
            "tag": tag,
            **({"sha256": outcome.digest.removeprefix("sha256:")} if outcome.digest else {}),
        }
        entity["containerImage"] = self._entity(f"#image/{quote(version)}", container)
        entity["url"] = CATALOG if tool == "cellprofiler" else "https://pypi.org/project/platerunner-unit/"
        return entity

    def _setting(self, step: str, name: str, value: Any) -> Any:
        text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
        id_ = f"#setting/{quote(step)}/{quote(name)}/{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        return self._entity(id_, {"@type": "PropertyValue", "name": f"{step}.{name}", "value": text})

    def _usage(self, attempt: Attempt) -> Any:
        if attempt.spent is None or attempt.spent.usd is None:
            return None
        usd = attempt.spent.usd + attempt.spent.usd_failed
        about = {"@type": "PropertyValue", "name": "cost", "value": f"{usd:.9f}", "unitText": "USD"}
        return self._entity(f"#cost/{quote(attempt.id)}", about)

    def _add_run(self, spec: Any) -> None:
        """The whole as one action of the workflow: from raw files to what steps wrote."""
        timing = [each.outcome.timing for each in self._lineage.attempts.values()]
        owner = self._entity(f"#owner/{quote(self._pipeline.owner)}", {"@type": "Organization"})
        owner["name"] = self._pipeline.owner
        told = {
            "@type": "CreateAction",
            "name": self._about.name,
            "startTime": _whole_seconds(min(str(each.get("started", "")) for each in timing)),
            "endTime": _whole_seconds(max(str(each.get("ended", "")) for each in timing)),
            "actionStatus": DONE,
        }
        run = self._entity("#run", told)
        run["instrument"] = spec
        run["agent"] = owner
        files = self._lineage.files.values()
        run["object"] = _once(self._files[each.id] for each in files if not each.made_by)
        run["result"] = _once(self._files[each.id] for each in files if each.made_by)
        self._crate.root_dataset["mentions"] = [run]

    def _add_decisions(self) -> None:
        """Who approved what."""
        seen: dict[Passed, list[Any]] = defaultdict(list)
        for file in self._lineage.files.values():
            for passed in file.gates:
                seen[passed].append(self._files[file.id])
        for passed, files in seen.items():
            self._add_decision(passed, files)

    def _add_decision(self, passed: Passed, files: Sequence[Any]) -> None:
        person = self._entity(f"#person/{quote(passed.user or 'unknown')}", {"@type": "Person"})
        person["name"] = passed.user or "unknown"
        said = {
            "@type": "AssessAction",
            "name": f"{passed.gate}: {passed.decision}",
            "endTime": _whole_seconds(passed.at),
        }
        entity = self._entity(f"#decision/{quote(passed.gate)}/{quote(passed.at)}", said)
        entity["agent"] = person
        entity["object"] = _once(files)
        entity["description"] = passed.comment or f"{passed.decision} without a comment"
        self._crate.root_dataset.append_to("mentions", entity)

    def _entity(self, id_: str, told: Mapping[str, Any]) -> Any:
        """A contextual entity, which is made once."""
        from rocrate.model import ContextEntity

        if id_ not in self._entities:
            self._entities[id_] = self._crate.add(ContextEntity(self._crate, id_, properties=dict(told)))
        return self._entities[id_]

    def _data(self, id_: str, told: Mapping[str, Any]) -> Any:
        from rocrate.model import DataEntity

        return self._crate.add(DataEntity(self._crate, id_, properties=dict(told)))


def _uri_of(file: File) -> str:
    """Where a file is, as a URI."""
    url = file.url or f"urn:platerunner:{quote(file.root)}:{quote(file.key)}"
    if url.startswith("/"):
        return Path(url).as_uri()
    scheme, mark, rest = url.partition("://")
    return f"{scheme}://{quote(rest)}" if mark else url


def _once(entities: Iterable[Any]) -> list[Any]:
    return list({each.id: each for each in entities}.values())


def _whole_seconds(moment: str | None) -> str | None:
    """A time in the form of ISO 8601 that the profile knows."""
    return datetime.fromisoformat(moment).isoformat(timespec="seconds") if moment else None
