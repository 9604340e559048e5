"""Hosted models priced by the grid: market feeds, the formula, sites, and which one is preferred."""
