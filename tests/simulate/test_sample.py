"""The files of data/sample: reproducible, small, documented, with planted traps."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

from cxlib import simulate
from cxlib.simulate import _planted

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "data" / "sample"
README = ROOT / "data" / "README.md"
TABLES = [
    "responses",
    "invitations",
    "codings",
    "users",
    "events",
    "periods",
    "initiatives",
    "purchases",
    "contacts",
    "rollout",
    "claims",
]


@pytest.fixture(scope="module")
def truth():
    return json.loads((SAMPLE / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def responses():
    return pd.read_csv(
        SAMPLE / "responses.csv", keep_default_na=False, na_values=[""]
    ).set_index("respondent_id")


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}


def test_same_seed_same_bytes(tmp_path):
    one, two, other = tmp_path / "one", tmp_path / "two", tmp_path / "other"
    truth = simulate.write_sample(one, rows=300, seed=5)
    simulate.write_sample(two, rows=300, seed=5)
    simulate.write_sample(other, rows=300, seed=6)
    assert bytes_of(one) == bytes_of(two)
    assert bytes_of(one)["users.csv"] != bytes_of(other)["users.csv"]
    assert json.loads((one / "truth.json").read_text(encoding="utf-8")) == truth
    assert sorted(bytes_of(one)) == sorted(
        [*(f"{name}.csv" for name in TABLES), "codebook.yaml", "truth.json"]
    )


def test_committed_files_are_what_the_seed_gives(tmp_path):
    simulate.write_sample(tmp_path)
    fresh = bytes_of(tmp_path)
    stale = [name for name, data in bytes_of(SAMPLE).items() if fresh[name] != data]
    assert stale == [], "run `cx sample data/sample`"


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    simulate.write_sample(tmp_path, rows=100)
    before = bytes_of(tmp_path)

    def fail(*_args):
        raise OSError("disk full")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        simulate.write_sample(tmp_path, rows=100, seed=7)
    assert bytes_of(tmp_path) == before


def test_the_sample_is_small():
    sizes = {path.name: path.stat().st_size for path in SAMPLE.iterdir()}
    assert sum(sizes.values()) < 5_000_000
    events = pd.read_csv(SAMPLE / "events.csv")
    assert 35_000 <= len(events) <= 50_000


def test_one_segment_is_tiny(responses):
    assert 0 < (responses["region"] == "Abroad").sum() < 10


def test_the_draw_is_typical(responses, truth):
    given = responses[responses["score"].notna()]
    net = 100.0 * (given["score"] >= 9) - 100.0 * (given["score"] <= 6)
    known = truth["responses"]["nps"]["unweighted"]["wave and channel"]
    for (wave, channel), part in net.groupby([given["wave"], given["channel"]]):
        assert abs(part.mean() - known[f"{wave} {channel}"]) < 2.5 * part.sem()


def test_planted_personal_data(responses, truth):
    kinds = pd.Series([item["kind"] for item in truth["pii"]]).value_counts()
    assert kinds.to_dict() == dict.fromkeys(
        ["email", "phone", "iban", "fiscal_code", "card"], 5
    )
    for item in truth["pii"]:
        assert item["text"] in responses.loc[item["respondent_id"], "verbatim"]
        plain = re.sub(r"[\s-]", "", item["text"]).upper()
        if item["kind"] == "iban":
            moved = "".join(str(int(c, 36)) for c in plain[4:] + plain[:4])
            assert int(moved) % 97 == 1
            assert len(plain) == 27
        if item["kind"] == "card":
            assert _planted.luhn(plain[:-1]) == plain
        if item["kind"] == "fiscal_code":
            assert re.fullmatch(r"[A-Z]{6}\d\d[A-Z]\d\d[A-Z]\d{3}[A-Z]", plain)


def test_check_letter_of_a_published_fiscal_code():
    # Mario Rossi, Rome, 1 January 1980: the specimen in general use
    assert _planted.check_letter("RSSMRA80A01H501") == "U"


def test_iban_of_a_published_example():
    # IT60 X054 2811 1010 0000 0123 456, the specimen of the IBAN registry
    assert _planted.iban("0542811101000000123456") == "IT60X0542811101000000123456"


def test_planted_hostile_texts(responses, truth):
    found = set(responses.loc[truth["hostile"], "verbatim"])
    assert found == set(_planted.HOSTILE)
    assert any(text.startswith("=") for text in found)


def test_codebook_file_is_the_codebook():
    text = (SAMPLE / "codebook.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(text) == simulate.codebook()


def documented(table):
    text = README.read_text(encoding="utf-8")
    part = text.split(f"### {table}.csv")[1].split("\n### ")[0].split("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", part, flags=re.MULTILINE)


@pytest.mark.parametrize("table", TABLES)
def test_the_data_dictionary_lists_the_columns(table):
    with (SAMPLE / f"{table}.csv").open(encoding="utf-8") as stream:
        header = stream.readline().strip().split(",")
    assert documented(table) == header


def quoted(truth):
    """Return the truths as the README words them."""
    answers, users = truth["responses"], truth["users"]
    nps, change = answers["nps"], answers["last change"]["weighted"]
    yield f"unweighted {nps['unweighted']['overall']:.2f}"
    yield f"weighted {nps['weighted']['overall']:.2f}"
    yield f"{change['total']:.2f} = rate {change['rate']:.2f} + mix {change['mix']:.2f}"
    for name, known in answers["themes"].items():
        share = f"{100 * known['prevalence']:.1f} %"
        yield f"| {name} | {share} | {known['gap']:+.1f} | {known['impact']:+.2f} |"
    drivers = answers["drivers"]
    for name, slope in drivers["linear slope"].items():
        yield f"| {name} | {slope:.3f} | {100 * drivers['lmg share'][name]:.1f} % |"
    for arm in ("control", "treatment"):
        spend = users["spend"][arm]
        yield f"| {arm} | {100 * users['conversion'][arm]:.2f} % | {spend:.2f} |"
    rollout, claims = truth["rollout"], truth["claims"]
    yield f"{rollout['revenue per treated store and month']:,.0f} EUR over all"
    yield f"{rollout['revenue in all']:,.0f} EUR in all"
    yield f"{100 * claims['share of 80 % intervals that hold']:.1f} % of them hold"
    yield f"{truth['codings']['mean kappa']:.2f}"
    yield f"pooled OLS tends to {truth['periods']['pooled ols']['revenue']:.1f}"


def test_the_readme_tells_the_truth(truth):
    text = README.read_text(encoding="utf-8").replace("−", "-")
    missing = [words for words in quoted(truth) if words not in text]
    assert missing == []


@pytest.mark.parametrize("table", [name for name in TABLES if name != "codings"])
def test_the_readme_counts_the_rows(table):
    rows = len(pd.read_csv(SAMPLE / f"{table}.csv"))
    pattern = rf"\| {table}\.csv \| [^|]+ \| {rows:,} \|"
    assert re.search(pattern, README.read_text(encoding="utf-8"))
