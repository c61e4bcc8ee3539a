"""What planned investments return, under uncertainty."""
