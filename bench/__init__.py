"""Measurements: `python -m bench` (or `make bench`) starts Procession itself and times it."""
