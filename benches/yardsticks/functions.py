"""Functions of NumPy, into an array that is there already.

usage: python3 functions.py N REPS
prints: figure NAME <nanoseconds an element> for exp, sin, log and pow: the best of some repetitions
"""

import sys
from time import perf_counter

import numpy as np


def main():
    n, reps = (int(arg) for arg in sys.argv[1:])
    i = np.arange(n)
    # The same numbers as the others have: from 0.5 to 20, and exponents from -2 to 2.
    x, y, z = 0.5 + 19.5 * i / n, 4.0 * i / n - 2.0, np.zeros(n)

    def measure(name, function, *args):
        times = []
        for _ in range(reps):
            start = perf_counter()
            function(*args, out=z)
            times.append(perf_counter() - start)
        print(f"figure {name} {1e9 * min(times) / n:.4f}")

    measure("exp", np.exp, x)
    measure("sin", np.sin, x)
    measure("log", np.log, x)
    measure("pow", np.power, x, y)


main()
