"""Which investments to choose, in what order, within a budget."""
