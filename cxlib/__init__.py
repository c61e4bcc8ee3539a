"""Customer-experience statistics for notebooks that become reports."""

__version__ = "0.1.0"
