"""Not an experiment: journeys that chose themselves, and before against after."""
