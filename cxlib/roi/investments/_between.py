"""Cases between ours and another reader's: what they return on average."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

import pandas as pd

from cxlib.data.overrides import Override
from cxlib.roi.investments import _evaluate, _streams, _value, _world
from cxlib.roi.investments._flows import Settings
from cxlib.roi.investments.case import Case
from cxlib.roi.investments.initiatives import Plans, read_plans
from cxlib.roi.investments.monte_carlo import check

Subset = frozenset[int]


class Between:
    """Cases in which some of a reader's assumptions are replaced.

    The rows of every initiative under every subset of its own overrides are checked
    once; a case is then a choice of rows, so that only draws are left to evaluate.
    """

    def __init__(self, case: Case, items: Sequence[Override], *, n_draws: int) -> None:
        self.case, self.items, self.n_draws = case.under([]), items, n_draws
        self.own = {
            name: [i for i, one in enumerate(items) if one.about == name]
            for name in case.names
        }
        self.rows: dict[tuple[str, Subset], int] = {}
        self.frame = self._stacked()
        self._plans: dict[float | None, Plans] = {}
        self._cases: dict[Subset, Case] = {}
        self._known: dict[Subset, float] = {}

    def worth(self, chosen: Subset) -> float:
        """Return the mean net present value of all together under some overrides."""
        if chosen not in self._known:
            self._known[chosen] = self._mean(chosen)
        return self._known[chosen]

    def _stacked(self) -> pd.DataFrame:
        """Return the rows of each initiative under each subset of its overrides."""
        parts: list[pd.DataFrame] = []
        for name, chosen in self._variants():
            found = self.case.under([self.items[i] for i in chosen]).initiatives
            if found is None or not (found["name"].astype(str) == name).any():
                continue
            rows = found[found["name"].astype(str) == name]
            self.rows[name, frozenset(chosen)] = len(parts)
            apart = f"{name} [{len(parts)}]" if chosen else name
            parts.append(rows.assign(name=apart))
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    def _variants(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        for name, own in self.own.items():
            for size in range(len(own) + 1):
                yield from ((name, chosen) for chosen in combinations(own, size))

    def _mean(self, chosen: Subset) -> float:
        case = self._whole(frozenset(i for i in chosen if not self.items[i].about))
        keys = [(name, chosen & frozenset(own)) for name, own in self.own.items()]
        held = {key[0]: self.rows[key] for key in keys if key in self.rows}
        at = list(held.values())
        given = _value.read(case.value, margin=case.margin, means=case.means)
        segments = case.by_segment or {}
        if not at or (given.lacks and _value.on_score(self.frame.iloc[at], segments)):
            return 0.0
        plans = self._read(case, case.customers or given.customers).some(at)
        plans = replace(plans, name=tuple(held))
        draws = {"n": self.n_draws, "start": _streams.root(case.rng)}
        return _evaluate.mean_npv(
            plans,
            _world.draw(plans, correlation=case.correlation, **draws),
            _value.markets(given, plans, segments, **draws),
            self._settings(case),
        )

    def _settings(self, case: Case) -> Settings:
        rate, each, overlap = case.discount_rate, case.steps_per_year, case.overlap
        check(case.horizon, rate, self.n_draws, each, overlap, case.correlation)
        return Settings.over(
            case.horizon, each=each, discount_rate=rate, overlap=overlap
        )

    def _whole(self, chosen: Subset) -> Case:
        """Return the case with some assumptions about all of it replaced."""
        if chosen not in self._cases:
            self._cases[chosen] = self.case.under(
                [self.items[i] for i in sorted(chosen)]
            )
        return self._cases[chosen]

    def _read(self, case: Case, customers: float | None) -> Plans:
        """Check all rows at once."""
        if customers not in self._plans:
            sizes = {name: size for name, (_, size) in (case.by_segment or {}).items()}
            self._plans[customers] = read_plans(
                self.frame, customers,
                segments=sizes if case.by_segment is not None else None,
            )  # fmt: skip
        return self._plans[customers]
