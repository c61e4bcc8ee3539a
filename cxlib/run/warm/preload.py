"""What the server imports, so that no kernel need to."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module

MODULES = (
    *("ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.zmqshell"),
    *("ipykernel.debugger", "tornado.platform.asyncio", "sqlite3"),
    *("IPython.core.completerlib", "IPython.extensions.storemagic"),
    *("IPython.core.debugger", "IPython.core.oinspect", "IPython.core.logger"),
    *("pandas.io.formats.html", "pandas.core.reshape.reshape", "pyarrow.pandas_compat"),
    *("cxlib.data", "cxlib.nps", "cxlib.voc", "cxlib.journeys", "cxlib.roi"),
    *("cxlib.plots", "cxlib.report", "narwhals._pandas_like.dataframe"),
    "narwhals._namespace",
    *("narwhals._duckdb.dataframe", "narwhals._duckdb.expr", "narwhals.group_by"),
    *("narwhals._duckdb.namespace", "narwhals._duckdb.group_by"),
    *("narwhals._duckdb.selectors", "narwhals._interchange.dataframe"),
    *("narwhals._pandas_like.namespace", "narwhals._pandas_like.group_by"),
    *("narwhals._pandas_like.selectors", "narwhals._arrow.dataframe"),
    *("narwhals._arrow.namespace", "narwhals._arrow.selectors"),
    *("pandas.core.methods.to_dict", "pandas.io.formats.csvs"),
    *("PIL.BmpImagePlugin", "PIL.GifImagePlugin", "PIL.PpmImagePlugin"),
    *("PIL.JpegImagePlugin", "encodings.utf_32_le", "pyarrow.vendored.version"),
    *("matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg"),
    *("IPython.core.pylabtools", "PIL.PngImagePlugin", "encodings.utf_8_sig"),
)
# Importing it starts threads, which no fork survives; statsmodels does so if it can.
LEFT_OUT = "polars"


def preload() -> None:
    """Import what sample notebooks import; what is not installed is left out."""
    with _without(LEFT_OUT):
        for name in MODULES:
            with contextlib.suppress(ImportError):
                import_module(name)


@cache
def preload_weights() -> None:
    """Load the weights of VoC's models, which all later kernels then share."""
    from cxlib.voc._weights import load

    with _without(LEFT_OUT):
        load()
    gc.freeze()


def top_level() -> frozenset[str]:
    """Return the packages that are preloaded."""
    return frozenset(name.partition(".")[0] for name in MODULES)


@contextlib.contextmanager
def _without(name: str) -> Iterator[None]:
    """Let a package look as if it were not installed."""
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]
