"""The tables of the workbook: their columns, kinds and keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cxlib import _checks

Kind = Literal["id", "date", "score", "number", "text", "label", "flag", "period"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What a table must hold.

    Attributes
    ----------
    grain : str
        What one row is.
    kinds : dict
        Our columns and the kind of value each holds.
    required : tuple of str
        Columns without which the table answers nothing.
    filled : tuple of str
        Columns that may not have a blank cell.
    unique : tuple of str
        Columns that together name a row; empty where rows may repeat.
    """

    grain: str
    kinds: Mapping[str, Kind]
    required: tuple[str, ...] = ()
    filled: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()


CONTRACTS: Mapping[str, Contract] = {
    "responses": Contract(
        grain="one survey answer",
        kinds={
            "respondent_id": "id", "responded_at": "date", "score": "score",
            "verbatim": "text", "weight": "number", "stratum": "label",
            "cluster": "label", "wave": "label", "survey": "label", "language": "label",
        },
    ),
    "invitations": Contract(
        grain="one invitation",
        kinds={"respondent_id": "id", "invited_at": "date"},
        required=("respondent_id",), filled=("respondent_id",),
    ),
    "codings": Contract(
        grain="one code given by one coder to one verbatim",
        kinds={
            "verbatim_id": "id", "coder": "label", "code": "label", "sample": "label",
            "inclusion": "number", "coded_at": "date",
        },
        required=("verbatim_id", "coder", "code"), filled=("verbatim_id", "coder"),
        unique=("verbatim_id", "coder", "code"),
    ),
    "users": Contract(
        grain="one randomised unit",
        kinds={
            "user_id": "id", "variant": "label", "cluster": "label",
            "assigned_at": "date",
        },
        required=("user_id", "variant"), filled=("user_id", "variant"),
        unique=("user_id",),
    ),
    "customers": Contract(
        grain="one customer",
        kinds={
            "user_id": "id", "variant": "label", "cluster": "label",
            "assigned_at": "date",
        },
        required=("user_id",), filled=("user_id",), unique=("user_id",),
    ),
    "events": Contract(
        grain="one journey step",
        kinds={
            "user_id": "id", "journey_id": "id", "occurred_at": "date",
            "touchpoint": "label", "channel": "label", "variant": "label",
            "value": "number",
        },
        required=("user_id", "occurred_at", "touchpoint"),
        filled=("user_id", "occurred_at", "touchpoint"),
    ),
    "periods": Contract(
        grain="one customer in one period",
        kinds={
            "customer_id": "id", "period": "period", "score": "number",
            "revenue": "number", "retained": "flag", "upsell": "flag",
            "cost_to_serve": "number",
        },
        required=("customer_id",), filled=("customer_id", "period"),
        unique=("customer_id", "period"),
    ),
    "purchases": Contract(
        grain="one purchase",
        kinds={"customer_id": "id", "bought_at": "date", "amount": "number"},
        required=("customer_id", "bought_at"), filled=("customer_id", "bought_at"),
    ),
    "spells": Contract(
        grain="one customer's time with us",
        kinds={
            "customer_id": "id", "tenure": "number", "entry": "number",
            "churned": "flag", "score": "number",
        },
        required=("customer_id",), filled=("customer_id",),
    ),
    "contacts": Contract(
        grain="one contact with customer care",
        kinds={
            "contact_id": "id", "customer_id": "id", "occurred_at": "date",
            "theme": "label", "channel": "label", "handle_minutes": "number",
            "cost_per_minute": "number", "cost": "number", "resolved_first": "flag",
        },
        required=("customer_id",), filled=("customer_id",), unique=("contact_id",),
    ),
    "initiatives": Contract(
        grain="one investment",
        kinds={
            "name": "label", "cost": "number", "driver": "label", "effect": "number",
            "effect_low": "number", "effect_high": "number", "effect_on": "label",
            "reach": "number", "reach_low": "number", "reach_high": "number",
            "cost_low": "number", "cost_high": "number", "running_cost": "number",
            "segment": "label", "group": "label", "rho": "number",
            "evidence": "label", "source": "label", "owner": "label",
        },
        required=("name", "cost", "effect"), filled=("name", "cost", "effect"),
        unique=("name",),
    ),
    "rollout": Contract(
        grain="one unit in one period",
        kinds={
            "unit": "id", "period": "period", "first_treated": "period",
            "cluster": "label",
        },
        required=("unit", "period", "first_treated"), filled=("unit", "period"),
        unique=("unit", "period"),
    ),
    "claims": Contract(
        grain="one promise",
        kinds={
            "claim_id": "id", "made_on": "date", "initiative": "label",
            "statement": "text", "metric": "label", "kind": "label", "unit": "label",
            "promised": "number", "low": "number", "high": "number", "level": "number",
            "due_on": "date", "owner": "label", "evidence": "label", "source": "label",
            "seal": "label", "delivered": "number", "delivered_low": "number",
            "delivered_high": "number", "measured_how": "text", "measured_on": "date",
        },
        required=("claim_id", "promised", "due_on"),
        filled=("claim_id", "promised", "due_on"), unique=("claim_id",),
    ),
}  # fmt: skip


def contract(table: str) -> Contract:
    """Return a table's contract.

    Parameters
    ----------
    table : str
        One of responses, invitations, codings, users, customers, events, periods,
        purchases, spells, contacts, initiatives, rollout,
        claims.

    Raises
    ------
    ArgumentError
        For an unknown table.
    """
    _checks.one_of(table, "table", tuple(CONTRACTS))
    return CONTRACTS[table]
