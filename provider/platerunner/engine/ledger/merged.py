"""Merged rows as Parquet, by pyarrow, which only those need who merge, or read what was merged."""

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from platerunner.engine.ledger.columns import LedgerError, Row, check_version, damaged, table

SOURCES = b"platerunner.sources"
VERSION = b"platerunner.version"
AT_ONCE = 10_000
"""Rows of a merged file that become rows of Python at once."""


@dataclass(frozen=True, slots=True)
class Merged:
    """A merged file.

    :param sources: names of the files that are in it, and of those that were in these.
    :param content: as pyarrow has it.
    """

    sources: frozenset[str]
    content: Any

    @classmethod
    def of(cls, data: bytes, place: str) -> "Merged":
        """Read one.

        :param place: where it is, for the message.
        :raises LedgerError: if it is damaged, a newer version wrote it, or pyarrow is not installed.
        """
        pyarrow, parquet = _pyarrow()
        try:
            file = parquet.ParquetFile(pyarrow.BufferReader(data))
            told = file.schema_arrow.metadata
            version, sources = json.loads(told[VERSION]), frozenset(json.loads(told[SOURCES]))
            check_version(version, place)
            return cls(sources, file.read())
        except (pyarrow.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
            raise LedgerError(damaged(place, error)) from error

    def rows(self) -> Iterator[Row]:
        """Its rows."""
        kinds = {column.name: column.type for column in table().columns}
        for batch in self.content.to_batches(max_chunksize=AT_ONCE):
            for row in batch.to_pylist():
                yield table().fit({name: _shown(kinds.get(name, ""), value) for name, value in row.items()})


def encode_merged(rows: Iterable[Row], sources: Sequence[str]) -> bytes:
    """A file of rows.

    :param sources: names of the files that are in it, and of those that are in these.
    :raises LedgerError: if pyarrow is not installed.
    """
    pyarrow, parquet = _pyarrow()
    columns, listed = table().columns, list(rows)
    fields = [pyarrow.field(column.name, _type(pyarrow, column.type)) for column in columns]
    told = {SOURCES: json.dumps(sorted(sources)), VERSION: json.dumps(table().version)}
    data = {column.name: [_stored(column.type, row[column.name]) for row in listed] for column in columns}
    out = io.BytesIO()
    parquet.write_table(pyarrow.table(data, schema=pyarrow.schema(fields, metadata=told)), out, compression="zstd")
    return out.getvalue()


def _type(pyarrow: Any, kind: str) -> Any:
    return {
        "text": pyarrow.string(),
        "number": pyarrow.float64(),
        "integer": pyarrow.int64(),
        "time": pyarrow.timestamp("ms", tz="UTC"),
        "tags": pyarrow.map_(pyarrow.string(), pyarrow.string()),
    }[kind]


def _stored(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind == "time":
        return datetime.fromisoformat(value)
    if kind == "tags":
        return list(value.items())
    return int(value) if kind == "integer" else value


def _shown(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind == "time":
        return value.astimezone(UTC).isoformat(timespec="milliseconds")
    return dict(value) if kind == "tags" else value


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow  # 100 MB, for those who merge or read what was merged
        from pyarrow import parquet
    except ModuleNotFoundError:
        remedy = "pip install 'airflow-provider-platerunner[ledger]'"
        raise LedgerError(f"pyarrow is not installed, by which merged rows are kept as Parquet: {remedy}") from None
    return pyarrow, parquet
