"""One parallel method invocation as one writes it with mpi4py: the root broadcasts which function to call and its
argument, every rank calls the function, and the root gathers the results; all three as pickled objects.

usage: mpirun -n P python3 invoke.py P CALLS
prints: figure invoke <microseconds a call>
"""

import sys
from time import perf_counter

from mpi4py import MPI

comm = MPI.COMM_WORLD
functions = {"increment": lambda x: x + 1}


def invoke(name=None, x=None):
    name, x = comm.bcast((name, x))
    return comm.gather(functions[name](x))


def main():
    ranks, calls = (int(arg) for arg in sys.argv[1:])
    if comm.size != ranks:
        sys.exit("error: mpi4py has another MPI library than the launcher")

    def repeat(count):
        for x in range(count):
            results = invoke("increment", x) if comm.rank == 0 else invoke()
            assert comm.rank > 0 or results == [x + 1] * ranks

    repeat(calls // 10)
    comm.Barrier()
    start = perf_counter()
    repeat(calls)
    seconds = perf_counter() - start
    if comm.rank == 0:
        print(f"figure invoke {seconds / calls * 1e6:.4f}")


main()
