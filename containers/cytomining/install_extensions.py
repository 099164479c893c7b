"""Put DuckDB's extensions, which wheels brought, where DuckDB looks for them: below HOME."""

import site
from pathlib import Path

import duckdb

folder = Path(site.getsitepackages()[0], "duckdb_ext", "extensions")
for extension in sorted(folder.rglob("*.duckdb_extension")):
    duckdb.connect().execute(f"INSTALL '{extension}'")
    extension.unlink()  # DuckDB has copied it: 75 MB less
for name in ("sqlite_scanner", "httpfs"):
    duckdb.connect().execute(f"LOAD {name}")
