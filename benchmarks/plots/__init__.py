"""Plots of what `--json` wrote."""
