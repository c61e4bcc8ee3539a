"""What investments returned once they were made, against what was promised."""
