"""Pictures and facts from the museums' own open data.

    sources/<museum>.py -> Work -> labels -> selection -> pictures -> manifest.csv

Run as `python -m training.collect`; `docs/collect.md` is its manual.
"""
