"""Which small cells may not be shown."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cxlib.nps._words import SMALL_BASE

MIN_N = 10
SHOWN = "shown"
SMALL = f"small base (n < {SMALL_BASE})"
FEW = f"* Fewer than {SMALL_BASE} answers: an indication only."
COMPLEMENT = "hidden (protects a smaller one)"


def hidden_word(min_n: int) -> str:
    """Status of a cell that is too small."""
    return f"hidden (n < {min_n})"


def statuses(n: npt.ArrayLike, min_n: int) -> list[str]:
    """Return shown, small base, or why hidden, for the cells of one total.

    Cells under `min_n` are hidden; then the next smallest ones too, until at least
    two cells with `min_n` answers between them are, so that the total less the cells
    shown reveals no small one.

    Examples
    --------
    >>> statuses([200, 25, 4], 10)
    ['shown', 'hidden (protects a smaller one)', 'hidden (n < 10)']
    >>> statuses([200, 150, 25], 10)
    ['shown', 'shown', 'small base (n < 30)']
    """
    size = np.asarray(n, dtype=float)
    status = np.where(size < SMALL_BASE, SMALL, SHOWN).astype(object)
    status[size < min_n] = hidden_word(min_n)
    hidden = size < min_n
    if hidden.any():
        for cell in np.argsort(size, kind="stable"):
            if hidden.sum() >= 2 and size[hidden].sum() >= min_n:
                break
            if not hidden[cell]:
                hidden[cell] = True
                status[cell] = COMPLEMENT
    return [str(word) for word in status]


def is_hidden(status: str) -> bool:
    """Whether a status keeps the numbers back."""
    return status.startswith("hidden")
