"""Rebuilding, running and comparing recorded cases; needs NumPy and the module under test only."""
