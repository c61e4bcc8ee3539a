"""Every interval and test in one place."""

from cxlib.estimate.bootstrap import bootstrap
from cxlib.estimate.compare import Difference, difference, newcombe
from cxlib.estimate.design import Design, design, design_se
from cxlib.estimate.moments import ArmDifference, Moments, cuped, ratio, welch
from cxlib.estimate.multiplicity import Correction, adjust
from cxlib.estimate.point import Estimate, adjusted_wald, estimate, score, wilson

__all__ = [
    "ArmDifference",
    "Correction",
    "Design",
    "Difference",
    "Estimate",
    "Moments",
    "adjust",
    "adjusted_wald",
    "bootstrap",
    "cuped",
    "design",
    "design_se",
    "difference",
    "estimate",
    "newcombe",
    "ratio",
    "score",
    "welch",
    "wilson",
]


def __dir__() -> list[str]:
    """Name what is for users; after a Tab, its modules would hide it."""
    return __all__
