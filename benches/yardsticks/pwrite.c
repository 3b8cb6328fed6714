// A file of doubles, each rank its own contiguous part of it, by bare pwrite and pread.
//
//  write: a new file; its creation, its length, every rank's part, closing
//  read: the same file, every rank's part into memory that has been written to before
//
// A repetition begins when nothing waits to be written to the disk, with a barrier, and ends when the last rank is done;
// what is printed is the shortest repetition. Nobody waits for the disk within it.
//
// usage: mpirun -n P pwrite FOLDER N REPS
// prints: figure NAME <seconds> for each
#include <fcntl.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROOT = 0, HEADER = 128 };

static int rank, ranks;
static long n;
static char path[4096];
static double *part;

static long first(int part) { return n / ranks * part + (part < n % ranks ? part : n % ranks); }

static void check(int good, const char *what) {
    if (good) return;
    perror(what);
    MPI_Abort(MPI_COMM_WORLD, 1);
}

static void part_of(int file, int write) {
    char *bytes = (char *)part;
    long at = HEADER + first(rank) * sizeof(double), left = (first(rank + 1) - first(rank)) * sizeof(double);
    while (left > 0) {
        long done = write ? pwrite(file, bytes, left, at) : pread(file, bytes, left, at);
        check(done > 0, write ? "pwrite" : "pread");
        bytes += done, at += done, left -= done;
    }
}

static void write_file(void) {
    int file = -1;
    if (rank == ROOT) {
        static char header[HEADER];
        file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644);
        check(file >= 0 && ftruncate(file, HEADER + n * sizeof(double)) == 0, "create");
        check(pwrite(file, header, HEADER, 0) == HEADER, "header");
    }
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank != ROOT) file = open(path, O_WRONLY);
    check(file >= 0, "open");
    part_of(file, 1);
    check(close(file) == 0, "close");
}

static void read_file(void) {
    int file = open(path, O_RDONLY);
    check(file >= 0, "open");
    part_of(file, 0);
    close(file);
}

static void measure(const char *name, void (*run)(void), int remove_first, int reps) {
    double fewest = 1e30;
    for (int r = 0; r < reps; r++) {
        if (remove_first && rank == ROOT) unlink(path);
        if (rank == ROOT) sync();
        MPI_Barrier(MPI_COMM_WORLD);
        double start = MPI_Wtime();
        run();
        double taken = MPI_Wtime() - start, slowest;
        MPI_Reduce(&taken, &slowest, 1, MPI_DOUBLE, MPI_MAX, ROOT, MPI_COMM_WORLD);
        if (slowest < fewest) fewest = slowest;
    }
    if (rank == ROOT) printf("figure %s %.6f\n", name, fewest);
}

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int id = getpid();
    MPI_Bcast(&id, 1, MPI_INT, ROOT, MPI_COMM_WORLD);
    snprintf(path, sizeof path, "%s/pwrite-%d", argc > 1 ? argv[1] : ".", id);
    n = argc > 2 ? atol(argv[2]) : 1 << 24;
    int reps = argc > 3 ? atoi(argv[3]) : 3;
    long mine = first(rank + 1) - first(rank);
    part = malloc((mine + 1) * sizeof *part);
    for (long i = 0; i < mine; i++) part[i] = first(rank) + i;

    measure("write", write_file, 1, reps);
    measure("read", read_file, 0, reps);

    if (rank == ROOT) unlink(path);
    free(part);
    MPI_Finalize();
}
