"""What a change of the score is worth in money."""
