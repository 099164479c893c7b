"""Answers queries on this machine: DuckDB reads a ledger's files where they lie, or copies of them from S3."""

import json
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from platerunner.engine.ledger.asking.queries import VIEWS, view_sql
from platerunner.engine.ledger.columns import LedgerError, Table, check_version, damaged, table
from platerunner.engine.ledger.file_systems import file_systems_table, read_file_systems
from platerunner.engine.ledger.files import LOOKS, Ledger, name_of
from platerunner.engine.ledger.merged import SOURCES, VERSION
from platerunner_unit.contract.storage import NotFoundError, Storage

MEMORY = "1GB"
"""What DuckDB may take; beyond that it writes to disk."""
THREADS = 16
NOTHING = "(SELECT 1) WHERE false"
TYPES = {
    "text": "VARCHAR",
    "number": "DOUBLE",
    "integer": "BIGINT",
    "time": "TIMESTAMP",
    "tags": "MAP(VARCHAR, VARCHAR)",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a query.

    :param rows: each with a value per column.
    """

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


@dataclass(slots=True)
class _Files:
    """The files of a ledger on this machine, by path."""

    merged: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)


def ask_duckdb(ledgers: Sequence[Ledger], sql: str) -> Answer:
    """The answer to a query.

    :param ledgers: that may have the rows; one that is in two counts once.
    :raises LedgerError: if a file cannot be read, or duckdb is not installed.
    """
    duckdb = _duckdb()
    for look in range(LOOKS):
        with tempfile.TemporaryDirectory(prefix="platerunner-ledger-") as folder, _connected(folder) as connection:
            try:
                files = [_fetched(ledger, Path(folder) / str(i)) for i, ledger in enumerate(ledgers)]
                names = [name for name in VIEWS if name in sql]
                if any("file_systems" in text for text in (sql, *map(view_sql, names))):
                    _make_file_systems(connection, ledgers, Path(folder))
                _make_views(connection, files, names)
                found = connection.execute(sql)
                return Answer(tuple(each[0] for each in found.description), found.fetchall())
            except (NotFoundError, duckdb.IOException) as error:  # merged since it was listed
                if look == LOOKS - 1:
                    raise LedgerError(damaged(ledgers[0].url, error)) from error
            except duckdb.Error as error:
                said = str(error).partition("\n")[0]
                remedy = "if it names a file, restore an older version of it, or move it out of the ledger"
                raise LedgerError(f"DuckDB cannot answer from {ledgers[0].url} ({said}): {remedy}") from error
    raise AssertionError


@contextmanager
def _connected(folder: str) -> Iterator[Any]:
    connection = _duckdb().connect()
    try:
        connection.execute(f"SET memory_limit = '{MEMORY}'")
        connection.execute(f"SET temp_directory = '{_quoted(folder)}'")
        connection.execute("SET TimeZone = 'UTC'")
        # By its name in Athena.
        connection.execute("CREATE MACRO approx_percentile(x, share) AS quantile_cont(x, share)")
        yield connection
    finally:
        connection.close()


def _make_file_systems(connection: Any, ledgers: Sequence[Ledger], folder: Path) -> None:
    """Make the view of file systems: they are few, so that they are read here, checked, and given to DuckDB as one."""
    rows, kinds = read_file_systems(ledgers), file_systems_table()
    path = folder / "file_systems.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    source = _lines([str(path)], kinds) if rows else NOTHING
    there = {each.name for each in kinds.columns} if rows else set[str]()
    connection.execute(f"CREATE VIEW file_systems AS {_columns(source, there, kinds, 'started')}")


def _make_views(connection: Any, ledgers: Sequence[_Files], names: Iterable[str]) -> None:
    """Make attempts, and the sums that a query names, for each opens all files."""
    for i, found in enumerate(ledgers):
        connection.execute(f"CREATE VIEW ledger_{i} AS {_select(connection, found)}")
    parts = ["SELECT * FROM ledger_0"]
    for i in range(1, len(ledgers)):
        same = " OR ".join(
            f"EXISTS (SELECT 1 FROM ledger_{j} o WHERE o.job = l.job AND o.unit = l.unit)" for j in range(i)
        )
        parts.append(f"SELECT * FROM ledger_{i} l WHERE NOT ({same})")
    connection.execute(f"CREATE VIEW attempts AS {' UNION ALL '.join(parts)}")
    for name in names:
        connection.execute(f"CREATE VIEW {name} AS {view_sql(name)}")


def _select(connection: Any, found: _Files) -> str:
    """The rows of one ledger, with the columns of this version, a day and a project."""
    merged, inside = _standing(connection, found.merged)
    new = [path for path in found.new if name_of(path) not in inside]
    parts = []
    for paths in merged.values():  # those of one version have the same columns
        described = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({_listed(paths[:1])})").fetchall()
        parts.append(_columns(f"read_parquet({_listed(paths)})", {row[0] for row in described}))
    if new:
        source = _lines(new, table())
        [[newest]] = connection.execute(f"SELECT max(version) FROM {source}").fetchall()
        check_version(newest or 0, "a file of the ledger")
        parts.append(_columns(source, {each.name for each in table().columns}))
    if not parts:
        parts.append(_columns(NOTHING, set()))
    return " UNION ALL ".join(parts)


def _lines(paths: Sequence[str], kinds: Table) -> str:
    """What reads rows as lines of JSON."""
    told = ", ".join(f"{each.name}: '{_as_read(each.type)}'" for each in kinds.columns)
    return f"read_json({_listed(paths)}, format = 'newline_delimited', columns = {{version: 'BIGINT', {told}}})"


def _columns(source: str, there: set[str], kinds: Table | None = None, day: str = "submitted") -> str:
    """All columns of this version, the day and the project; those that a file does not have are null.

    :param kinds: None for attempts.
    :param day: the column whose day counts.
    """
    told = []
    for each in (kinds or table()).columns:
        # The types of a file's times: of Parquet with a time zone, of JSON a text.
        value = each.name if each.name in there else "NULL"
        value = f"CAST({value} AS TIMESTAMPTZ)" if each.type == "time" else value
        told.append(f"CAST({value} AS {TYPES[each.type]}) AS {each.name}")
    inner = f"SELECT {', '.join(told)} FROM {source}"
    return f"""SELECT *, CAST({day} AS DATE) AS "date", tags['project'] AS project FROM ({inner})"""


def _standing(connection: Any, merged: Sequence[str]) -> tuple[dict[int, list[str]], set[str]]:
    """The merged files that are in no other, by version of the ledger, and the names of all that are in one."""
    if not merged:
        return {}, set()
    query = f"SELECT file_name, decode(key), decode(value) FROM parquet_kv_metadata({_listed(merged)})"
    inside, versions = set[str](), defaultdict[int, list[str]](list)
    for path, key, value in connection.execute(query).fetchall():
        if key == VERSION.decode():
            check_version(version := json.loads(value), path)
            versions[version].append(path)
        elif key == SOURCES.decode():
            inside |= set(json.loads(value))
    kept = {version: [path for path in paths if name_of(path) not in inside] for version, paths in versions.items()}
    return {version: paths for version, paths in kept.items() if paths}, inside


def _fetched(ledger: Ledger, folder: Path) -> _Files:
    """The files of a ledger on this machine; merged ones from S3 are kept for the next time, for they never change."""
    found = _Files()
    sections = ledger.sections().values()
    merged, new = [key for each in sections for key in each.merged], [key for each in sections for key in each.new]
    found.merged = _local(ledger.storage, merged, _cache(ledger))
    found.new = _local(ledger.storage, new, folder)
    return found


def _local(storage: Storage, keys: Iterable[str], folder: Path) -> list[str]:
    if storage.local is not None:
        return [str(storage.path(key)) for key in keys]

    def fetch(key: str) -> str:
        path = folder / key
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            storage.download(key, path)
        return str(path)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(fetch, keys))


def _cache(ledger: Ledger) -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "platerunner" / "ledger" / sha256(ledger.url.encode()).hexdigest()[:16]


def _as_read(kind: str) -> str:
    return "VARCHAR" if kind == "time" else TYPES[kind]


def _listed(paths: Iterable[str]) -> str:
    return "[" + ", ".join(f"'{_quoted(path)}'" for path in paths) + "]"


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def _duckdb() -> Any:
    try:
        import duckdb  # 50 MB, for those who ask
    except ModuleNotFoundError:
        remedy = "pip install 'airflow-provider-platerunner[ask]'"
        raise LedgerError(f"duckdb is not installed, which answers here: {remedy}, or use --athena") from None
    return duckdb
