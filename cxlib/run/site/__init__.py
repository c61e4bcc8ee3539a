"""The pages around the reports: index, histories, what was deleted, what died."""
