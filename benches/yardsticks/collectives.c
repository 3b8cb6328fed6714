// Bulk collectives as bare MPI, on buffers allocated and touched before the clock starts: a broadcast, a gather to the
// root (which receives its own share too), and an all-reduce, a sum of f64, into a second buffer and in place.
//
// A repetition begins with a barrier and ends when the last rank is done; what is printed is the median repetition.
//
// usage: mpirun -n P collectives MIB REPS      MIB: 2^20 bytes that each rank gives
// prints: figure broadcast <seconds>, and so on for gather, all_reduce, all_reduce_in_place
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROOT = 0 };

static int rank, ranks, count;
static double *mine, *sum, *all;

static void broadcast(void) { MPI_Bcast(mine, count, MPI_DOUBLE, ROOT, MPI_COMM_WORLD); }

static void gather(void) { MPI_Gather(mine, count, MPI_DOUBLE, all, count, MPI_DOUBLE, ROOT, MPI_COMM_WORLD); }

static void all_reduce(void) { MPI_Allreduce(mine, sum, count, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD); }

static void all_reduce_in_place(void) { MPI_Allreduce(MPI_IN_PLACE, mine, count, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD); }

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// Runs the collective `reps` times and prints the median of the slowest rank's seconds. Once more before, to warm up,
// touches what it writes to.
static void measure(const char *name, void (*collective)(void), int reps) {
    double seconds[reps];
    for (int i = 0; i < count; i++) mine[i] = 1.0;
    collective();
    for (int r = 0; r < reps; r++) {
        MPI_Barrier(MPI_COMM_WORLD);
        double start = MPI_Wtime();
        collective();
        double taken = MPI_Wtime() - start;
        MPI_Reduce(&taken, &seconds[r], 1, MPI_DOUBLE, MPI_MAX, ROOT, MPI_COMM_WORLD);
    }
    qsort(seconds, reps, sizeof *seconds, ascending);
    if (rank == ROOT) printf("figure %s %.6f\n", name, seconds[reps / 2]);
}

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int mib = argc > 1 ? atoi(argv[1]) : 64, reps = argc > 2 ? atoi(argv[2]) : 7;
    count = mib * ((1 << 20) / (int)sizeof *mine);
    mine = malloc((size_t)count * sizeof *mine);
    sum = malloc((size_t)count * sizeof *sum);
    if (rank == ROOT) all = malloc((size_t)count * ranks * sizeof *all);

    measure("broadcast", broadcast, reps);
    measure("gather", gather, reps);
    measure("all_reduce", all_reduce, reps);
    measure("all_reduce_in_place", all_reduce_in_place, reps);

    free(mine);
    free(sum);
    free(all);
    MPI_Finalize();
}
