// ScaLAPACK's product and factorisations of n x n matrices, in GFLOP/s: the best of some runs over some block sizes.
// Grid: the nearest to a square with no more rows than columns. Matrices as ours: symmetric numbers between -1/2 and 1/2, n on
// the diagonal.
//
// usage: mpirun -n P scalapack N RUNS        libraries: -lscalapack-openmpi -lopenblas -lm (or the like)
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void Cblacs_get(int, int, int *);
void Cblacs_gridinit(int *, const char *, int, int);
void Cblacs_gridinfo(int, int *, int *, int *, int *);
int numroc_(const int *n, const int *block, const int *me, const int *first, const int *parts);
void descinit_(int *, const int *m, const int *n, const int *mb, const int *nb, const int *row, const int *column,
               const int *context, const int *leading, int *info);
void pdgemm_(const char *, const char *, const int *m, const int *n, const int *k, const double *alpha, const double *a,
             const int *, const int *, const int *, const double *b, const int *, const int *, const int *,
             const double *beta, double *c, const int *, const int *, const int *);
void pdpotrf_(const char *, const int *n, double *, const int *, const int *, const int *, int *info);
void pdgetrf_(const int *, const int *, double *, const int *, const int *, const int *, int *pivots, int *info);
void pdgeqrf_(const int *, const int *, double *, const int *, const int *, const int *, double *tau, double *work,
              const int *length, int *info);

// One thread a rank, as ours: OpenBLAS would take all cores.
void openblas_set_num_threads(int) __attribute__((weak));

static const int zero = 0, one = 1;

static double element(long i, long j, long n) {
    unsigned long least = i < j ? i : j, most = i < j ? j : i;
    return (double)((least * 7919 + most * 104729) % 1009) / 1009 - 0.5 + (i == j ? n : 0);
}

int main(int count, char **arguments) {
    if (count < 3) return 2;
    int n = atoi(arguments[1]), runs = atoi(arguments[2]), size, context, rows, columns, row, column;
    if (openblas_set_num_threads) openblas_set_num_threads(1);
    MPI_Init(&count, &arguments);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    for (rows = (int)sqrt(size); size % rows; rows--);
    columns = size / rows;
    Cblacs_get(-1, 0, &context);
    Cblacs_gridinit(&context, "Row", rows, columns);
    Cblacs_gridinfo(context, &rows, &columns, &row, &column);
    const char *names[] = {"matmul", "cholesky", "lu", "qr"};
    double cube = (double)n * n * n, operations[] = {2 * cube, cube / 3, 2 * cube / 3, 4 * cube / 3};
    double best[] = {INFINITY, INFINITY, INFINITY, INFINITY};
    int blocks[] = {64, 128, 256};
    for (int at = 0; at < 3; at++) {
        int block = blocks[at], info, descriptor[9];
        int mine = numroc_(&n, &block, &row, &zero, &rows), beside = numroc_(&n, &block, &column, &zero, &columns);
        int leading = mine > 1 ? mine : 1;
        descinit_(descriptor, &n, &n, &block, &block, &zero, &zero, &context, &leading, &info);
        size_t length = (size_t)leading * (beside > 1 ? beside : 1);
        double *a = malloc(8 * length), *b = malloc(8 * length), *c = calloc(length, 8), *tau = malloc(8 * (beside + block));
        int *pivots = malloc(sizeof(int) * (mine + block));
        double wanted;
        int ask = -1;
        pdgeqrf_(&n, &n, a, &one, &one, descriptor, tau, &wanted, &ask, &info);
        int room = (int)wanted;
        double *work = malloc(8 * (size_t)room);
        for (int operation = 0; operation < 4; operation++)
            for (int run = 0; run < runs; run++) {
                for (int j = 0; j < beside; j++)
                    for (int i = 0; i < mine; i++) {
                        long k = (i / block * (long)rows + row) * block + i % block;
                        long l = (j / block * (long)columns + column) * block + j % block;
                        a[j * (size_t)leading + i] = b[j * (size_t)leading + i] = element(k, l, n);
                    }
                double alpha = 1, beta = 0;
                MPI_Barrier(MPI_COMM_WORLD);
                double start = MPI_Wtime();
                if (operation == 0)
                    pdgemm_("N", "N", &n, &n, &n, &alpha, a, &one, &one, descriptor, b, &one, &one, descriptor, &beta, c, &one,
                            &one, descriptor);
                if (operation == 1) pdpotrf_("L", &n, a, &one, &one, descriptor, &info);
                if (operation == 2) pdgetrf_(&n, &n, a, &one, &one, descriptor, pivots, &info);
                if (operation == 3) pdgeqrf_(&n, &n, a, &one, &one, descriptor, tau, work, &room, &info);
                MPI_Barrier(MPI_COMM_WORLD);
                double seconds = MPI_Wtime() - start;
                if (seconds < best[operation]) best[operation] = seconds;
            }
        free(a), free(b), free(c), free(tau), free(pivots), free(work);
    }
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    for (int operation = 0; rank == 0 && operation < 4; operation++)
        printf("figure %s %.6g\n", names[operation], operations[operation] / best[operation] / 1e9);
    MPI_Finalize();
    return 0;
}
