"""Effects in parts of the users, segments or periods, from one metric's cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
from scipy import stats

from cxlib.estimate import ArmDifference, Moments, welch
from cxlib.estimate.moments import pair_of_means, slope
from cxlib.journeys._frames import Frame, label, lazy
from cxlib.journeys.experiments._cells import Arm, Cells, Floats, Rows
from cxlib.journeys.experiments._contrast import contrast, from_pair, in_unit
from cxlib.journeys.experiments._moments import by_cells, prepare
from cxlib.journeys.experiments.specs import Metric, Score, TimeTo

VARIANT, PART = "variant key", "part key"
BLANK, SMALL = "(blank)", "(small)"
MIN_ANSWERS = 10


Places = Mapping[str, tuple[list[int], list[int]]]


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """One metric in control and one treatment, to be compared part by part.

    `places` are the cells of each part, control's and treatment's.
    """

    metric: Metric
    cells: Cells
    control: str
    treatment: str
    level: float
    places: Places

    @classmethod
    def of(
        cls, metric: Metric, cells: Cells, arms: tuple[str, str], level: float
    ) -> Pair:
        """Index the cells by part; the blank part is the last."""
        places: dict[str, tuple[list[int], list[int]]] = {}
        keys = cells.keys[[VARIANT, PART]].fillna(BLANK).itertuples(index=False)
        for i, (variant, part) in enumerate(keys):
            held = places.setdefault(part, ([], []))
            if variant in arms:
                held[arms.index(variant)].append(i)
        names = sorted(places, key=lambda name: (name == BLANK, name))
        ordered = {name: places[name] for name in names}
        return cls(metric, cells, arms[0], arms[1], level, ordered)

    @property
    def labels(self) -> list[str]:
        """Every part, sorted, the blank one last."""
        return list(self.places)

    def n(self, parts: Sequence[str]) -> tuple[int, int]:
        """Return the users with a value in some parts, control and treatment."""
        control, treatment = self._rows(parts)
        return int(self.cells.n[control].sum()), int(self.cells.n[treatment].sum())

    def arms(self, parts: Sequence[str]) -> tuple[Arm, Arm]:
        """Merge some parts into one arm a variant."""
        control, treatment = self._rows(parts)
        return self.cells.arm(control), self.cells.arm(treatment)

    def _rows(self, parts: Sequence[str]) -> tuple[Rows, Rows]:
        control, treatment = (
            np.array([i for part in parts for i in self.places[part][side]], dtype=int)
            for side in (0, 1)
        )
        return control, treatment

    def effects(self, groups: Mapping[str, Sequence[str]]) -> list[ArmDifference]:
        """Compare the variants in all groups together, then in each.

        A covariate has one slope and one mean, those of all groups together.
        """
        whole = self.arms([part for parts in groups.values() for part in parts])
        line = (
            slope(whole[0].moments, whole[1].moments) if self.metric.covariate else None
        )
        each = [whole, *(self.arms(parts) for parts in groups.values())]
        return [self._effect(arms, line) for arms in each]

    def tested(
        self, groups: Mapping[str, Sequence[str]], each: Sequence[ArmDifference]
    ) -> list[ArmDifference]:
        """Return each group's effect with the error that tests between groups take.

        A net score's adjusted error belongs to its adjusted centre, not to the effect:
        with it a test of equal effects rejects twice too often in small groups.
        """
        metric = self.metric
        net = isinstance(metric, Score) and metric.rule.kind == "net"
        if not net or metric.covariate:
            return list(each)
        found = []
        for adjusted, parts in zip(each, groups.values(), strict=True):
            control, treatment = (arm.moments for arm in self.arms(parts))
            plain = welch(control, treatment, confidence_level=self.level)
            varies = plain.std_error > 0
            found.append(in_unit(metric, plain) if varies else adjusted)
        return found

    def _effect(
        self, arms: tuple[Arm, Arm], line: tuple[float, float] | None
    ) -> ArmDifference:
        if line is None:
            return contrast(self.metric, arms[0], arms[1], self.level)
        control, treatment = (_adjusted(arm.moments, *line) for arm in arms)
        return from_pair(self.metric, pair_of_means(control, treatment), self.level)


def _adjusted(arm: Moments, theta: float, centre: float) -> Moments:
    """Moments of y - theta (x - centre)."""
    step = np.array([1.0, -theta])
    mean = arm.mean @ step + theta * centre
    return Moments(arm.n, np.array([mean]), np.array([[step @ arm.cov @ step]]))


def comparable(specs: Sequence[Metric]) -> tuple[tuple[Metric, ...], str]:
    """Return the metrics that parts can be compared on, and a note on the others.

    A time to an event needs its curve in every part, which is not drawn.
    """
    times = [metric.name for metric in specs if isinstance(metric, TimeTo)]
    note = f" Times to an event are left out: {', '.join(times)}." if times else ""
    return tuple(metric for metric in specs if metric.name not in times), note


def cells_by(
    users: Frame, specs: Sequence[Metric], variant: str, part: str
) -> list[Cells]:
    """Return each metric's cells by variant and part; a time becomes its day."""
    columns = [name for metric in specs for name in metric.columns]
    rows = lazy(users, [variant, part, *columns], "users")
    key = label(part)
    if rows.collect_schema()[part].is_temporal():
        key = nw.col(part).cast(nw.Date()).cast(nw.String())
    rows = rows.with_columns(label(variant).alias(VARIANT), key.alias(PART))
    keys = [VARIANT, PART]
    return by_cells(prepare(rows, specs, keys), specs, keys)


def enough(
    pair: Pair, min_n: int
) -> tuple[dict[str, list[str]], list[str]]:  # fmt: skip
    """Return the parts that are shown, by name, and those that are left out.

    Parts under `min_n` values in an arm are shown together as "(small)". Where that is
    still too few they are left out; survey answers of under ten people join the
    smallest part instead, so that no subtraction uncovers them.
    """
    survey = pair.metric.survey
    floor = max(min_n, MIN_ANSWERS) if survey else max(min_n, 2)
    sizes = {name: min(pair.n([name])) for name in pair.labels}
    groups = {name: [name] for name, n in sizes.items() if n >= floor}
    small = [name for name in sizes if name not in groups]
    if small and min(pair.n(small)) >= floor:
        return groups | {SMALL: small}, []
    few = any(0 < n < MIN_ANSWERS for n in pair.n(small))
    if survey and few and groups:
        least = min(groups, key=lambda name: sizes[name])
        groups[f"{least} + {SMALL}"] = [*groups.pop(least), *small]
        return groups, []
    return groups, small


def spread(found: ArmDifference, level: float) -> float:
    """Return the standard error that an interval implies, also where a share is 0."""
    width = found.effect_size_ci_upper - found.effect_size_ci_lower
    return width / 2 / float(stats.t.isf((1 - level) / 2, found.df))


def usable(effects: Sequence[ArmDifference], level: float) -> tuple[Floats, Floats]:
    """Return effects and standard errors, NaN where nothing varies."""
    y = np.array([found.effect_size for found in effects])
    se = np.array([spread(found, level) for found in effects])
    return np.where(se > 0, y, np.nan), np.where(se > 0, se, np.nan)


def row(pair: Pair, found: ArmDifference, parts: Sequence[str]) -> dict[str, Any]:
    """Return one comparison's columns."""
    n_control, n_treatment = pair.n(parts)
    shown = found.as_row()
    for name in ("statistic", "pvalue", "df"):
        shown.pop(name)
    return {
        "metric": pair.metric.name, "kind": pair.metric.kind, "role": pair.metric.role,
        "treatment_arm": pair.treatment, "control_arm": pair.control,
        "unit": pair.metric.result_unit, "n_control": n_control,
        "n_treatment": n_treatment, **shown,
    }  # fmt: skip


def left_out(pair: Pair, dropped: Sequence[str]) -> dict[str, Any]:
    """Return which parts are not shown, and how many users with a value they hold."""
    return {"left_out": ", ".join(dropped), "n_left_out": sum(pair.n(dropped))}
