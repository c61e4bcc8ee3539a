"""What happens on the way: funnels, moves, paths and where two populations part."""
