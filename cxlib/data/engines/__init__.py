"""Tables that stay in their files: DuckDB, polars or Spark works the rows."""

from cxlib.data.engines.build import read_lazily
from cxlib.data.engines.worker import ENGINES, Engine

__all__ = ["ENGINES", "Engine", "read_lazily"]
