"""Headline figures over runs as a line: gaps, bands, words."""

from __future__ import annotations

import re

import pytest

from cxlib.run.site.sparkline import HEIGHT, sparkline


@pytest.fixture
def runs(figure):
    """Runs with these estimates, from oldest to newest, as history has them."""

    def made(*values, **more):
        return [
            {"state": "failed"}
            if value is None
            else {"state": "ok", "figures": [figure(value, **more)]}
            for value in reversed(values)
        ]

    return made


def paths(svg):
    return re.findall(r'<path(?: class="(\w+)")? d="([^"]*)"', svg)


def test_line_goes_from_the_oldest_to_the_newest(runs):
    svg = sparkline(runs(1.0, 2.0, 3.0), "nps")
    assert f'viewBox="0 0 2 {HEIGHT}"' in svg
    assert "<title>last 3 runs: from 1.0 to 3.0 points</title>" in svg
    band, line, end = paths(svg)
    # 0 to 4 is drawn from 22 up to 2: five units a point.
    assert line == ("", "M0 17 1 12 2 7")
    assert band == ("band", "M0 12 1 7 2 2 2 12 1 17 0 22z")
    assert end == ("end", "M2 7h0")


def test_failed_runs_are_gaps_and_a_run_alone_is_a_dot(runs):
    svg = sparkline(runs(1.0, 2.0, None, 3.0, None), "nps")
    assert "last 5 runs: from 1.0 to 3.0 points; 2 without this number" in svg
    lines = dict(paths(svg))
    assert re.fullmatch(r"M0 \d+ 1 \d+M3 \d+h0", lines[""])
    assert lines["band"].count("M") == 1
    assert lines["end"].startswith("M3 ")


def test_without_intervals_there_is_no_band(runs):
    none = {"ci_lower": None, "ci_upper": None}
    found = runs(1.0, 2.0)
    for run in found:
        run["figures"] = [
            {k: v for k, v in f.items() if k not in none} for f in run["figures"]
        ]
    assert [kind for kind, _ in paths(sparkline(found, "nps"))] == ["", "end"]


def test_steady_values_are_a_level_line(runs):
    level = runs(1.0, 1.0, ci_lower=1.0, ci_upper=1.0)
    assert dict(paths(sparkline(level, "nps")))[""] == "M0 12 1 12"


@pytest.mark.parametrize("values", [(), (1.0,), (None, None), (None, 1.0)])
def test_less_than_two_numbers_draw_nothing(runs, values):
    assert sparkline(runs(*values), "nps") == ""


def test_running_is_no_gap_and_others_figures_do_not_count(runs):
    found = [{"state": "running"}, *runs(1.0, 2.0)]
    assert "last 2 runs" in sparkline(found, "nps")
    assert sparkline(found, "csat") == ""


def test_only_the_last_runs_are_drawn(runs):
    svg = sparkline(runs(*map(float, range(50))), "nps")
    assert "last 20 runs: from 30.0 to 49.0" in svg


def test_words_of_a_figure_are_escaped(runs):
    svg = sparkline(runs(1.0, 2.0, unit="</title><script>"), "nps")
    assert "<script>" not in svg
