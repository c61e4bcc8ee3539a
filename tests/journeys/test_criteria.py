"""Criteria: a digest that knows what decides, and nothing else."""

from __future__ import annotations

import hashlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxlib import journeys
from cxlib.errors import ArgumentError

METRICS = [
    {"name": "paid", "kind": "proportion", "column": "paid", "min_effect": 0.01},
    {"name": "spend", "kind": "mean", "column": "spend", "covariate": "before"},
    {
        "name": "NPS", "kind": "score", "column": "score", "scale": "nps",
        "role": "guardrail", "margin": 2,
    },
    {
        "name": "basket", "kind": "ratio", "column": "spend", "denominator": "orders",
        "role": "exploratory",
    },
]  # fmt: skip
FIXED = {
    "control": "a", "treatments": ["b", "c"], "cluster": "", "correction": "holm",
    "confidence_level": 0.95, "srm_alpha": 0.01, "horizon": 6000,
    "steps": ["home", "cart"], "segments": ["region", "device"],
    "rule": {"ship_if": "any"}, "further": {"order": "eventual", "winsorise": 0.99},
}  # fmt: skip


def of(metrics=METRICS, **changed):
    return journeys.criteria(metrics, **(FIXED | changed))


def without(metric, **changed):
    return [m | changed if m["name"] == metric else m for m in METRICS]


@given(st.randoms(use_true_random=False))
def test_digest_does_not_depend_on_how_criteria_are_written(shuffle: random.Random):
    def mixed(mapping):
        keys = list(mapping)
        shuffle.shuffle(keys)
        return {key: mapping[key] for key in keys}

    metrics = [mixed(metric) for metric in METRICS]
    shuffle.shuffle(metrics)
    arms, segments = ["c", "b"], ["device", "region"]
    again = journeys.criteria(
        metrics,
        **mixed(FIXED | {"treatments": arms, "segments": segments})
        | {"further": mixed(FIXED["further"])},
    )
    assert again.digest == of().digest
    assert again.declared == of().declared


def test_digest_does_not_depend_on_presentation_or_number_types():
    same = [
        of(without("spend", unit="amount")),
        of(without("NPS", margin=2.0)),
        of(without("NPS", role="guardrail", covariate="", direction="increase")),
        of(horizon=6000.0),
        of(rule={}),
        of(journeys.metrics(METRICS)),
        of(
            without(
                "NPS",
                scale={
                    "name": "nostra", "label": "Consigli", "low": 0, "high": 10,
                    "kind": "net", "top_from": 9, "bottom_to": 6,
                },
            )
        ),
    ]  # fmt: skip
    assert {found.digest for found in same} == {of().digest}


CHANGES = [
    ({"control": "b2"}, "control from a to b2"),
    ({"treatments": ["b"]}, "treatments from b, c to b"),
    ({"cluster": "shop"}, "cluster from none to shop"),
    ({"correction": "none"}, "correction from holm to none"),
    ({"confidence_level": 0.9}, "confidence level from 0.95 to 0.9"),
    ({"srm_alpha": 0.001}, "srm alpha from 0.01 to 0.001"),
    ({"horizon": 8000}, "horizon from 6,000 to 8,000"),
    ({"steps": ["cart", "home"]}, "steps from home, cart to cart, home"),
    ({"segments": []}, "segments from device, region to none"),
    ({"rule": {"ship_if": "all"}}, "ship_if from any to all"),
    ({"rule": {"trade_off": "roll back"}}, "trade_off from hold to roll back"),
    ({"rule": {"worth": "estimate"}}, "worth from interval to estimate"),
    ({"further": {"order": "any", "winsorise": 0.99}}, "order from eventual to any"),
    ({"metrics": METRICS[:-1]}, "basket was removed"),
    (
        {"metrics": [*METRICS, {"name": "x", "kind": "mean", "column": "x"}]},
        "x was added",
    ),
    ({"metrics": without("NPS", margin=5)}, "margin of NPS from 2 to 5"),
    ({"metrics": without("NPS", margin=None)}, "margin of NPS from 2 to none"),
    (
        {"metrics": without("NPS", role="decision")},
        "role of NPS from guardrail to decision",
    ),
    (
        {"metrics": without("paid", min_effect=0.02)},
        "min effect of paid from 0.01 to 0.02",
    ),
    (
        {"metrics": without("paid", direction="decrease")},
        "direction of paid from increase to decrease",
    ),
    ({"metrics": without("spend", column="net")}, "column of spend from spend to net"),
    (
        {"metrics": without("spend", covariate="")},
        "covariate of spend from before to none",
    ),
    (
        {"metrics": without("basket", denominator="visits")},
        "denominator of basket from orders to visits",
    ),
    (
        {"metrics": without("spend", kind="proportion")},
        "kind of spend from mean to proportion",
    ),
]


@pytest.mark.parametrize(("change", "text"), CHANGES)
def test_any_criterion_that_changes_is_seen_and_named(change, text):
    changed = dict(change)
    metrics = changed.pop("metrics", METRICS)
    registered = {"metrics": METRICS} | FIXED
    found = of(metrics, **changed, registered=registered)
    assert found.digest != of().digest
    assert found.status == "changed"
    assert found.changes == (text,)
    short = found.digest[:12]
    assert found.text == f"Criteria {short}: changed since registered: {text}."
    blind = of(metrics, **changed, registered=of().digest)
    assert blind.text == (
        f"Criteria {short}: changed since registered; only a digest was registered, so "
        "what changed is not known."
    )


def test_every_change_gives_another_digest():
    digests = []
    for change, _ in CHANGES:
        changed = dict(change)
        digests.append(of(changed.pop("metrics", METRICS), **changed).digest)
    assert len(set(digests)) == len(CHANGES)


def test_registered_criteria_are_recognised_in_every_form():
    now = of()
    forms = (
        now.digest, now.digest[:12], f" {now.digest[:12].upper()}… ", now.declared,
        {"metrics": METRICS} | FIXED, {"horizon": 6000}, {"rule": {"ship_if": "any"}},
        {"metrics": now.declared["metrics"]},
    )  # fmt: skip
    for registered in forms:
        found = of(registered=registered)
        assert found.status == "as registered", registered
        assert found.text == f"Criteria {now.digest[:12]}: as registered."
    assert of().text == (
        f"Criteria {now.digest[:12]}: not registered beforehand, so a late change is "
        "not seen."
    )
    assert of().findings[0].statement == of().text


def test_the_digest_is_the_same_tomorrow():
    """A registered digest must outlive a release; change it only with a new format."""
    written = (
        '{"confidence_level":0.95,"control":"control","correction":"holm","metrics":'
        '{"paid":{"column":"paid","kind":"proportion","min_effect":0.01}},"rule":'
        '{"ship_if":"any","trade_off":"hold","worth":"interval"},"srm_alpha":0.01}'
    )
    simple = journeys.criteria([METRICS[0]])
    assert simple.digest == hashlib.sha256(written.encode()).hexdigest()


def test_table_states_the_criteria_in_words():
    table = of().table.set_index("criterion")["required"]
    assert table.to_dict() == {
        "paid (decision)": "better, by at least 1 percentage point",
        "spend (decision)": "better",
        "NPS (guardrail)": "a loss of 2 points excluded",
        "basket (exploratory)": "described only",
        "error rate": "95 % intervals; decision metrics: Holm",
        "sample ratio": "p at or above 0.01",
        "length": "6,000 users",
        "ship if": "any decision metric better, no guardrail open",
        "a gain beside a loss": "hold, for a person to weigh",
        "a gain is worth shipping": "by its interval",
        "treatments": "b, c",
        "steps": "home, cart",
        "segments": "device, region",
        "order": "eventual",
        "winsorise": "0.99",
    }
    loose = [{"name": "n", "kind": "mean", "column": "x", "role": "guardrail"}]
    less = [{"name": "t", "kind": "mean", "column": "x", "direction": "decrease"}]
    required = journeys.criteria([*loose, *less]).table["required"].tolist()
    assert required[:2] == ["not shown to be worse", "better (less of it)"]


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        (
            {"rule": {"ship": "any"}},
            "`rule` has the field 'ship'; did you mean 'ship_if'?",
        ),
        (
            {"rule": {"ship_if": "some"}},
            "`rule.ship_if` is 'some'; use one of 'any', 'all'.",
        ),
        (
            {"registered": "yesterday"},
            "`registered` is 'yesterday'; give the first 8 to 64 hex digits of a "
            "digest, or the criteria themselves.",
        ),
        (
            {"registered": "3f2a"},
            "`registered` is '3f2a'; give the first 8 to 64 hex digits of a digest, or "
            "the criteria themselves.",
        ),
        (
            {"registered": {"horizn": 3}},
            "`registered` has the criterion 'horizn'; did you mean 'horizon'?",
        ),
        (
            {"confidence_level": 1.5},
            "`confidence_level` is 1.5; it must lie in (0, 1).",
        ),
        ({"horizon": -1}, "`horizon` is -1; it must lie in [0, inf)."),
        (
            {"correction": "bonf"},
            "`correction` is 'bonf'; use one of 'holm', 'bonferroni', 'fdr_bh', "
            "'fdr_by', 'none'.",
        ),
        (
            {"further": {"window": object}},
            "`further` holds <class 'object'>; give numbers, texts, lists or mappings "
            "of them.",
        ),
    ],
)
def test_mistakes_are_worded(given_, message):
    with pytest.raises(ArgumentError) as error:
        of(**given_)
    assert str(error.value) == message


def test_names_are_escaped():
    hostile = [{"name": "<script>x</script>", "kind": "mean", "column": "x"}]
    shown = journeys.criteria(hostile, registered={"metrics": METRICS})._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
