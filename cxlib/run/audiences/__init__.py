"""What a run gives besides its report: a page to decide, one to doubt, a sign-off."""
