"""Another reader's assumptions: a short file that changes a business case."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from numbers import Real
from pathlib import Path
from typing import Any

import yaml

from cxlib import _checks
from cxlib.data.unique_keys import UniqueLoader
from cxlib.errors import ArgumentError, DataError, Problem
from cxlib.paths import resolve

GRADES = ("randomised", "quasi", "regression", "expert")
OVERLAPS = ("independent", "nested", "none")
_TOP = ("who", "initiatives")


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """One assumption put in place of another: `about` an initiative, or all if blank.

    `key` says which, `value` is what it becomes, `why` the reason given.
    """

    key: str
    value: Any
    about: str = ""
    why: str = ""

    @property
    def label(self) -> str:
        """What is changed, in words: 'cost of Callback'."""
        words = self.key.replace("_", " ")
        if self.key == "drop":
            return f"without {self.about}"
        return f"{words} of {self.about}" if self.about else words


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """Everything one reader would assume otherwise; `who` is that reader."""

    who: str = "the sceptic"
    items: tuple[Override, ...] = ()


def read_overrides(
    path: str | Path,
    *,
    initiatives: Collection[str] | None = None,
    root: Path | None = None,
) -> Overrides:
    """Read the assumptions that a sceptic, such as the CFO, would put in place of ours.

    Parameters
    ----------
    path : str or path
        A YAML file; blank for none. Keys, all optional: `who`; `margin`, `horizon`,
        `discount_rate`, `value_of_point` (amount, low, high), `overlap`,
        `correlation`, `customers`, each as a value or as {value, why}; `initiatives`:
        name to any of effect, cost, running_cost, reach, ramp, decay, duration, slip
        (and their `_low` and `_high`, P10 and P90), start, evidence, drop (true), why.
    initiatives : collection of str, optional
        Names there are; a name that is none of them is a problem. Where there are
        none, what the file says of single initiatives is left out.
    root : pathlib.Path, optional
        Folder that a relative path starts from; the project's root.

    Returns
    -------
    Overrides

    Raises
    ------
    ArgumentError
        For a file that is not there.
    DataError
        For a file that is no such YAML, or holds keys, names or values that cannot be
        meant: all of them at once.

    Examples
    --------
    >>> read_overrides("").items
    ()
    """
    if not str(path):
        return Overrides()
    file = resolve(path, root=root)
    if not file.is_file():
        raise ArgumentError(f"`overrides` is '{path}'; there is no such file.")
    return parse_overrides(_read(file), initiatives=initiatives, file=file.name)


def parse_overrides(
    given: Mapping[str, Any],
    *,
    initiatives: Collection[str] | None = None,
    file: str = "",
) -> Overrides:
    """Check overrides given as a mapping, as `read_overrides` reads them from a file.

    Parameters
    ----------
    given : mapping
    initiatives : collection of str, optional
    file : str
        Named in messages.

    Returns
    -------
    Overrides

    Examples
    --------
    >>> found = parse_overrides({"margin": {"value": 0.3, "why": "after returns"},
    ...                          "initiatives": {"Callback": {"drop": True}}})
    >>> [one.label for one in found.items]
    ['margin', 'without Callback']
    """
    found = list(_entries(given, initiatives))
    problems = [one for one in found if isinstance(one, Problem)]
    if problems:
        what = "problem" if len(problems) == 1 else "problems"
        raise DataError(
            f"{file or 'the overrides'}: {len(problems)} {what} to mend.",
            problems=problems,
        )
    return Overrides(
        who=str(given.get("who") or "the sceptic"),
        items=tuple(one for one in found if isinstance(one, Override)),
    )


def _read(file: Path) -> Mapping[str, Any]:
    try:
        found = yaml.load(file.read_text(encoding="utf-8-sig"), Loader=UniqueLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        told = f"{getattr(error, 'problem', None) or error}{place}."
        raise DataError(f"{file.name} is not readable as YAML: {told}") from None
    if found is not None and not isinstance(found, Mapping):
        raise DataError(
            f"{file.name} must map names to values, one `name: value` each."
        )
    return found or {}


def _entries(
    given: Mapping[str, Any], names: Collection[str] | None
) -> Iterator[Override | Problem]:
    """Yield what is changed, and what cannot be meant."""
    for key, value in given.items():
        if key in _WHOLE:
            yield _whole(str(key), value)
        elif key == "initiatives":
            if names is None or names:
                yield from _initiatives(value, names)
        elif key not in _TOP:
            hint = _checks.did_you_mean(key, [*_TOP, *_WHOLE])
            yield Problem(column=str(key), rule="is nothing to override", fix=_up(hint))


def _whole(key: str, value: object) -> Override | Problem:
    """Read an assumption of the whole case, plain or as {value, why}."""
    why = ""
    if isinstance(value, Mapping):
        rest = {k: v for k, v in value.items() if k != "why"}
        why, value = str(value.get("why") or ""), rest
        if key != "value_of_point":
            if set(rest) != {"value"}:
                return Problem(
                    column=key, rule=f"has the keys {sorted(map(str, rest))}",
                    fix="Write {value: …, why: …}, or the value alone.",
                )  # fmt: skip
            value = rest["value"]
    return _checked(Override(key=key, value=value, why=why), *_WHOLE[key])


def _initiatives(
    given: object, names: Collection[str] | None
) -> Iterator[Override | Problem]:
    if not isinstance(given, Mapping):
        yield Problem(
            column="initiatives", rule="is no mapping",
            fix="Write the name of an initiative, then what changes below it.",
        )  # fmt: skip
        return
    for name, cells in given.items():
        if names is not None and str(name) not in names:
            hint = _up(_checks.did_you_mean(name, names))
            yield Problem(column=str(name), rule="is no initiative", fix=hint)
        elif not isinstance(cells, Mapping):
            fix = "Write what changes below it, such as `cost: 20000`."
            yield Problem(column=str(name), rule="is no mapping", fix=fix)
        else:
            yield from _cells(str(name), cells)


def _cells(name: str, cells: Mapping[str, Any]) -> Iterator[Override | Problem]:
    why = str(cells.get("why") or "")
    for key, value in cells.items():
        if key in _EACH:
            one = Override(key=str(key), value=value, about=name, why=why)
            if not (key == "drop" and value is False):
                yield _checked(one, *_EACH[key])
        elif key != "why":
            hint = _up(_checks.did_you_mean(key, [*_EACH, "why"]))
            yield Problem(
                column=f"{name}: {key}", rule="is nothing to override", fix=hint
            )


def _checked(
    one: Override, fits: Callable[[Any], bool], allowed: str
) -> Override | Problem:
    if fits(one.value):
        return one
    where = f"{one.about}: {one.key}" if one.about else one.key
    return Problem(column=where, rule=f"is {one.value!r}", fix=f"Give {allowed}.")


def _up(hint: str) -> str:
    return hint[:1].upper() + hint[1:]


def _within(
    low: float, high: float = float("inf"), *, ends: str = "[]"
) -> Callable[[Any], bool]:
    def fits(value: object) -> bool:
        if not isinstance(value, Real) or isinstance(value, bool):
            return False
        number = float(value)
        inside = low <= number <= high and isfinite(number)
        return inside and not (
            (ends[0] == "(" and number == low) or (ends[1] == ")" and number == high)
        )

    return fits


def _is_value(value: object) -> bool:
    """Whether this is what a point is worth, with its P10 and P90 where given."""
    number = _within(-float("inf"))
    if not isinstance(value, Mapping):
        return number(value)
    if not {"amount"} <= set(value) <= {"amount", "low", "high", "source", "owner"}:
        return False
    size, low, high = (value.get(k, value["amount"]) for k in ("amount", "low", "high"))
    return all(map(number, (size, low, high))) and bool(low <= size <= high)


def _is_true(value: object) -> bool:
    return value is True


def _is_start(value: object) -> bool:
    return _within(0)(value) or (isinstance(value, str) and bool(value))


_ANY = (_within(-float("inf")), "a number")
_MONEY = (_within(0), "an amount that is not negative")
_WHOLE: dict[str, tuple[Callable[[Any], bool], str]] = {
    "margin": (_within(0, 1, ends="(]"), "a share above 0 and up to 1"),
    "horizon": (_within(0, 100, ends="(]"), "years above 0"),
    "discount_rate": (_within(-1, ends="()"), "a yearly rate such as 0.08"),
    "value_of_point": (
        _is_value, "an amount, or {amount: …, low: …, high: …} in that order of size"
    ),
    "overlap": (OVERLAPS.__contains__, f"one of {', '.join(OVERLAPS)}"),
    "correlation": (_within(0, 1), "a number from 0 to 1"),
    "customers": (_within(0, ends="()"), "a number above 0"),
}  # fmt: skip
_EACH: dict[str, tuple[Callable[[Any], bool], str]] = {
    "effect": _ANY, "effect_low": _ANY, "effect_high": _ANY,
    "cost": _MONEY, "running_cost": _MONEY,
    "reach": (_within(0, ends="()"), "a share of customers, or their number"),
    "start": (_is_start, "months from today, or a period such as '2026-02'"),
    "duration": (_within(0, ends="()"), "months above 0"),
    "ramp": (_within(0), "months that are not negative"),
    "decay": (_within(0, 1, ends="[)"), "a share below 1 lost a year"),
    "slip": (_within(0), "months that are not negative"),
    "evidence": (GRADES.__contains__, f"one of {', '.join(GRADES)}"),
    "drop": (_is_true, "true or false"),
}  # fmt: skip
_RANGED = ("cost", "running_cost", "reach", "duration", "ramp", "decay", "slip")
_EACH |= {f"{key}_{end}": _EACH[key] for key in _RANGED for end in ("low", "high")}
