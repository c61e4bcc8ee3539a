"""What it is worth to know more before choosing, from draws of the payoffs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import stats

from cxlib.errors import ArgumentError
from cxlib.estimate._curves import Bases, Curve, crossed, curve

Array = npt.NDArray[np.float64]
FOLDS, NODES = 5, 100
NOISE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowing:
    """Gain of a choice made with better knowledge over the choice made now.

    Attributes
    ----------
    value : float
        Mean gain, in the payoffs' unit; never negative.
    std_error : float
        Monte Carlo standard error of `value`.
    changes : float
        Share of the draws in which the choice is another than now.
    """

    value: float
    std_error: float
    changes: float


NOTHING = Knowing(value=0.0, std_error=0.0, changes=0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stakes:
    """Payoffs made ready once, for many questions (`stakes`).

    `gaps` is each choice's payoff less that of the choice best on average, which comes
    first; `now` what each of the folds would be paid by the choice best in the others.
    """

    gaps: Array
    now: Array


def stakes(payoffs: npt.ArrayLike | Stakes) -> Stakes:
    """Make payoffs, shape (draws, choices), ready for `perfect` and `partial`.

    Examples
    --------
    >>> ready = stakes([[0, 2.0], [0, -2.0], [0, 2.0], [0, -1.0]] * 100)
    >>> perfect(ready).value
    0.75
    """
    if isinstance(payoffs, Stakes):
        return payoffs
    gaps = over_best(payoffs)
    sums = np.array([gaps[k::FOLDS].sum(axis=0) for k in range(FOLDS)])
    best = (sums.sum(axis=0) - sums).argmax(axis=1)
    rows = np.arange(len(gaps))
    return Stakes(gaps=gaps, now=gaps[rows, best[rows % FOLDS]])


def over_best(payoffs: npt.ArrayLike) -> Array:
    """Return each choice's payoff less that of the choice best on average.

    Parameters
    ----------
    payoffs : array_like, shape (draws, choices)
        What each choice would pay in each draw.

    Returns
    -------
    ndarray, shape (draws, choices)
        The best choice first; it is all zeros.

    Examples
    --------
    >>> over_best([[0.0, 2.0], [0.0, 1.0]])
    array([[ 0., -2.],
           [ 0., -1.]])
    """
    given = np.asarray(payoffs, dtype=float)
    if given.ndim != 2 or not given.size or not np.isfinite(given).all():
        raise ArgumentError(
            "`payoffs` must be finite numbers, one row a draw and one column a choice."
        )
    best = int(given.mean(axis=0).argmax())
    order = [best, *(i for i in range(given.shape[1]) if i != best)]
    return np.asarray(given[:, order] - given[:, [best]])


def perfect(payoffs: npt.ArrayLike | Stakes) -> Knowing:
    """Return the expected value of perfect information (EVPI).

    Parameters
    ----------
    payoffs : array_like, shape (draws, choices)
        What each choice would pay in each draw.

    Returns
    -------
    Knowing

    Examples
    --------
    >>> perfect([[0, 2.0], [0, -2.0], [0, 2.0], [0, -1.0]] * 100).value
    0.75
    """
    ready = stakes(payoffs)
    return _paid(ready, ready.gaps.argmax(axis=1))


def partial(payoffs: npt.ArrayLike | Stakes, inputs: npt.ArrayLike | Bases) -> Knowing:
    """Return the expected value of knowing some inputs exactly (EVPPI).

    Parameters
    ----------
    payoffs : array_like, shape (draws, choices)
        What each choice would pay in each draw.
    inputs : array_like, shape (draws,) or (draws, inputs)
        The values of the inputs in question, in the same draws.

    Returns
    -------
    Knowing

    Notes
    -----
    Each choice's payoff is regressed on the inputs (restricted cubic splines and
    pairwise products, size by generalised cross-validation). What the regression on
    four fifths of the draws advises is then paid with the actual payoffs of the other
    fifth, and so is the choice that is now best, so luck is never counted as a gain;
    what is left of the bias is downward and small. Inputs whose regression cannot be
    told from noise (F test, 0.001 over all choices) are worth exactly nothing.

    References
    ----------
    Strong, M., Oakley, J. & Brennan, A. (2014). Estimating multiparameter partial
    expected value of perfect information from a probabilistic sensitivity analysis
    sample. Medical Decision Making 34, 311-326. doi:10.1177/0272989X13505910

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> known, other = rng.normal(size=(2, 20_000))
    >>> pays = np.column_stack([np.zeros(20_000), known + other])
    >>> round(partial(pays, known).value, 1), partial(pays, rng.random(20_000)).value
    (0.4, 0.0)
    """
    ready = stakes(payoffs)
    found = _told(ready.gaps, bases(inputs))
    if found is None:
        return NOTHING
    return _paid(ready, _advised(ready.gaps, found.basis))


def sampled(
    payoffs: npt.ArrayLike, known: npt.ArrayLike, variances: npt.ArrayLike
) -> list[Knowing]:
    """Return the expected value of measuring one input with error (EVSI).

    Parameters
    ----------
    payoffs : array_like, shape (draws, choices)
        What each choice would pay in each draw.
    known : array_like, shape (draws,)
        The input to measure, in the same draws.
    variances : array_like
        Error variance of the measurement; one result each.

    Returns
    -------
    list of Knowing

    Notes
    -----
    The measurement is normal about the input. Its posterior given each possible
    outcome is summed over 100 equally likely values of the input as drawn, so the
    prior may have any shape, and over the error by Gauss-Hermite quadrature. The
    payoffs enter through their regression on the input, and the result as a share of
    that of `partial`, whose bias and error it inherits: EVSI never exceeds EVPPI.

    References
    ----------
    Raiffa, H. & Schlaifer, R. (1961). Applied Statistical Decision Theory. Harvard.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> theta = rng.normal(size=20_000)
    >>> pays = np.column_stack([np.zeros(20_000), theta])
    >>> [round(one.value, 1) for one in sampled(pays, theta, [0.0, 1.0, 1e6])]
    [0.4, 0.3, 0.0]
    """
    ready, errors = stakes(payoffs), np.asarray(variances, dtype=float)
    found = _told(ready.gaps, bases(known))
    if found is None:
        return [NOTHING] * errors.size
    whole = _paid(ready, _advised(ready.gaps, found.basis))
    nodes, means = _nodes(np.asarray(known, dtype=float), found.fitted)
    most = _over_now(means, np.full(len(means), 1 / len(means)), means)[0]
    if most <= 0:
        return [NOTHING] * errors.size
    return [_scaled(whole, most, nodes, means, float(v)) for v in errors.ravel()]


def bases(inputs: npt.ArrayLike | Bases) -> Bases:
    """Make inputs, shape (draws,) or (draws, inputs), ready for many questions."""
    if isinstance(inputs, Bases):
        return inputs
    given = np.asarray(inputs, dtype=float)
    given = given[:, None] if given.ndim == 1 else given
    if given.ndim != 2 or not np.isfinite(given).all():
        raise ArgumentError("`inputs` must be finite numbers, one row a draw.")
    return Bases(given)


def _paid(ready: Stakes, choice: npt.NDArray[np.intp]) -> Knowing:
    """Pay each draw's choice, less the choice now best on the draws of other folds."""
    gained = ready.gaps[np.arange(len(choice)), choice] - ready.now
    return Knowing(
        value=max(0.0, float(gained.mean())),
        std_error=float(gained.std() / len(gained) ** 0.5),
        changes=float((choice != 0).mean()),
    )


def _told(gaps: Array, inputs: Bases) -> Curve | None:
    """Return the regression of the payoffs; None where it is no more than noise."""
    if len(inputs.moving) != len(gaps):
        raise ArgumentError(
            f"`inputs` must be finite numbers, one row for each of the {len(gaps):,} "
            "draws of `payoffs`."
        )
    found = curve(inputs, gaps[:, 1:])
    if found is None:
        return None
    chance = stats.f.sf(found.ratio, found.df, len(gaps) - found.df - 1)
    return found if chance.min() * chance.size < NOISE else None


def _advised(gaps: Array, basis: Array) -> npt.NDArray[np.intp]:
    """Return the choice that the other draws advise for each draw."""
    advised = crossed(basis, gaps, FOLDS)
    advised[:, 0] = 0
    return np.asarray(advised.argmax(axis=1))


def _nodes(known: Array, fitted: Array) -> tuple[Array, Array]:
    """Average input and expected payoffs over equally many draws, in order."""
    order = np.argsort(known, kind="stable")
    parts = np.array_split(order, min(NODES, len(order)))
    means = np.array([fitted[rows].mean(axis=0) for rows in parts])
    return (
        np.array([known[rows].mean() for rows in parts]),
        np.column_stack([np.zeros(len(means)), means]),
    )


def _scaled(
    whole: Knowing, most: float, nodes: Array, means: Array, variance: float
) -> Knowing:
    """Return the part of the value of knowing exactly that an error leaves."""
    if not variance >= 0:
        raise ArgumentError(f"`variances` holds {variance!r}; none may be below zero.")
    value, changes = _over_now(*_posterior(nodes, means, variance), means)
    share = min(1.0, max(0.0, value / most))
    return replace(
        whole,
        value=whole.value * share,
        std_error=whole.std_error * share,
        changes=changes,
    )


def _posterior(nodes: Array, means: Array, variance: float) -> tuple[Array, Array]:
    """Return expected payoffs after each possible outcome, and its probability."""
    points, weights = np.polynomial.hermite_e.hermegauss(15)
    spread = variance**0.5
    if spread <= 1e-9 * max(float(np.ptp(nodes)), 1e-300):
        return means, np.full(len(nodes), 1 / len(nodes))
    if not np.isfinite(spread):
        return means.mean(axis=0)[None], np.ones(1)
    seen = (nodes[:, None] + spread * points).ravel()
    chance = np.tile(weights / weights.sum() / len(nodes), len(nodes))
    log_odds = -0.5 * ((seen[:, None] - nodes) / spread) ** 2
    odds = np.exp(log_odds - log_odds.max(axis=1, keepdims=True))
    return odds @ means / odds.sum(axis=1, keepdims=True), chance


def _over_now(after: Array, chance: Array, means: Array) -> tuple[float, float]:
    """Return the gain over the best choice now and how often the choice changes."""
    now = means.mean(axis=0)
    best, choice = float(now.max()), after.argmax(axis=1)
    gain = float(chance @ after.max(axis=1)) - best
    return gain, float(chance @ (choice != int(now.argmax())))
