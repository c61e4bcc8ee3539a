"""What goes with the score: regressions of money and loyalty, and their checks."""
