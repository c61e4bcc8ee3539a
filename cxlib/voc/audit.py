"""Which hand codes are a fair sample: those of verbatims drawn at random."""

from __future__ import annotations

import pandas as pd

AUDIT, CHOSEN = "audit", "chosen"


def audit(codings: pd.DataFrame) -> pd.DataFrame:
    """Return the hand codes of verbatims that were drawn at random.

    Verbatims chosen because the machine is unsure of them teach the machine; they are
    harder than the others and would bend every share and every agreement.

    Parameters
    ----------
    codings : pandas.DataFrame
        What people coded. Rows whose column `sample` says "chosen" are left out; a
        blank cell, or no such column, counts as drawn at random.

    Returns
    -------
    pandas.DataFrame
        The other rows, as they are; `codings` itself if it has no column `sample`.

    Examples
    --------
    >>> import pandas as pd
    >>> both = pd.DataFrame({"verbatim_id": [1, 2], "coder": "a", "code": ["x", "x"],
    ...                      "sample": ["audit", "chosen"]})
    >>> audit(both)["verbatim_id"].to_list()
    [1]
    """
    if "sample" not in codings.columns:
        return codings
    said = codings["sample"].astype("string").str.strip().str.casefold()
    return codings[~(said == CHOSEN).fillna(value=False).to_numpy(dtype=bool)]
