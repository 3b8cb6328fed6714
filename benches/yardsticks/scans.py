"""Running sums of NumPy along the axes of a square of doubles, into an array that is there already.

usage: python3 scans.py SIDE REPS
prints: figure axis_0 <GB/s, counting what is read and what is written once>, and likewise axis_1: the best of some
repetitions
"""

import sys
from time import perf_counter

import numpy as np


def main():
    side, reps = (int(arg) for arg in sys.argv[1:])
    x = (np.arange(side * side) % 1013 - 500.0).reshape(side, side)
    out = np.zeros_like(x)
    for axis in (0, 1):
        times = []
        for _ in range(reps):
            start = perf_counter()
            np.cumsum(x, axis=axis, out=out)
            times.append(perf_counter() - start)
        print(f"figure axis_{axis} {2e-9 * x.nbytes / min(times):.4f}")


main()
