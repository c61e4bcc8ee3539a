"""Randomised variants: the gate, what is measured, effects and the decision."""
