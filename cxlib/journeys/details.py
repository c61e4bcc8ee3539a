"""Further tables of a result, as results that can be exported."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from cxlib.result import Result


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Detail(Result):
    """A further table of another result; it says nothing of its own."""

    @property
    def text(self) -> str:
        """Empty: the sentence is the other result's."""
        return ""


def detail(result: Result, name: str) -> Detail:
    """Return a further table of a result (`funnel.gap`, say) as a result.

    Parameters
    ----------
    result : Result
        Any; a skipped one has no further tables.
    name : str
        Attribute that holds the table.

    Returns
    -------
    Detail
        With an empty table where the result has none of that name.

    Examples
    --------
    >>> detail(Detail(table=pd.DataFrame()), "gap").table.empty
    True
    """
    table = getattr(result, name, None)
    found = table if isinstance(table, pd.DataFrame) else pd.DataFrame()
    return Detail(table=found, unit=result.unit)
