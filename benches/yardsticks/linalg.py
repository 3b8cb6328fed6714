"""NumPy's product and SciPy's factorisations of n x n matrices, in GFLOP/s: the best of some runs.

usage: python3 linalg.py N RUNS
"""

import sys
import time

import numpy as np
import scipy.linalg

n, runs = int(sys.argv[1]), int(sys.argv[2])
a = np.random.default_rng(1).random((n, n)) - 0.5
definite = (a + a.T) / 2 + n * np.eye(n)


def rate(name, operations, work):
    best = float("inf")
    for _ in range(runs):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    print("figure", name, operations / best / 1e9)


cube = float(n) ** 3
rate("matmul", 2 * cube, lambda: a @ a)
rate("cholesky", cube / 3, lambda: scipy.linalg.cholesky(definite, lower=True, check_finite=False))
rate("lu", 2 * cube / 3, lambda: scipy.linalg.lu_factor(a, check_finite=False))
rate("qr", 4 * cube / 3, lambda: scipy.linalg.qr(a, mode="raw", check_finite=False))
