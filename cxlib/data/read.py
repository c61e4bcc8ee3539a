"""Open a table, map it, convert it and hold it to its contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cxlib import _checks, scales
from cxlib.data.contract import contract
from cxlib.data.engines import ENGINES, Engine, read_lazily
from cxlib.data.in_memory import read_in_memory
from cxlib.data.request import Request
from cxlib.data.source import parse
from cxlib.data.table import Table


def read(
    table: str,
    source: str | Mapping[str, Any],
    *,
    scale: str | Mapping[str, Any] | scales.Scale | None = None,
    needs: Iterable[str] = (),
    engine: Engine = "pandas",
    root: Path | None = None,
) -> Table:
    """Open one table of the workbook and check it against its contract.

    Parameters
    ----------
    table : str
        One of responses, invitations, codings, users, customers, events, periods,
        purchases, spells, contacts, initiatives.
    source : str or mapping
        A path, or the keys of `data.Source`, as in a params file.
    scale : str, mapping or Scale, optional
        Scale of `score`; answers off the scale are counted as invalid. Blank or None
        where the table has no score.
    needs : iterable of str
        Further columns that the question needs; blank names are ignored.
    engine : {'pandas', 'duckdb', 'polars', 'spark'}
        What works the rows. 'pandas' holds them in memory and reads every format. The
        others leave them in the file and bring aggregates only: for tables that are
        larger than memory. They read csv and parquet files, folders and patterns of
        them; 'duckdb' also a `query` on a DuckDB file, 'spark' one on its catalogue
        (`format: table`). Dates are ISO 8601 or as declared in `date_format`.
    root : pathlib.Path, optional
        Folder that relative paths start from; the project's root.

    Returns
    -------
    Table
        The typed frame (of the engine's kind: pandas.DataFrame, DuckDB relation,
        polars.LazyFrame, Spark DataFrame), its check table, its denominators and its
        files.

    Raises
    ------
    ArgumentError
        For a source that is not well formed, or that the engine cannot read.
    DataError
        With every broken rule: file, column, rule, rows, examples and what to do.

    Notes
    -----
    Nothing is imputed, rescaled or guessed: a blank stays blank, an answer off the
    scale becomes blank and is counted, identical rows that carry an id are dropped
    once and counted. Columns outside the contract come along under their own names;
    they become numbers where every filled cell is one. Every engine holds the table to
    the same rules and gives the same counts; a blank cell is null.

    Examples
    --------
    >>> survey = read("responses", "data/sample/responses.csv", scale="nps")
    >>> list(survey.counts)
    ['asked', 'answered', 'blank', 'invalid']
    """
    _checks.one_of(engine, "engine", ENGINES)
    rules = contract(table)
    chosen = scales.get(scale) if scale else None
    asked = [needs] if isinstance(needs, str) else needs
    needed = [name for name in asked if name] + (["score"] if chosen else [])
    if chosen and not isinstance(scale, str):
        chosen = replace(chosen, name="")
    request = Request(
        table=table, rules=rules, source=parse(table, source), scale=chosen,
        needed=tuple(needed), root=root,
    )  # fmt: skip
    if engine == "pandas":
        return read_in_memory(request)
    return read_lazily(request, engine)
