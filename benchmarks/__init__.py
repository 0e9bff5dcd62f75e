"""What the driver costs and how fast it is, measured beside others in the same run.

`make bench` runs everything and brings docs/performance.md up to date; `python -m benchmarks NAME`
runs one of them. Nothing here is asserted: a person reads the figures.
"""
