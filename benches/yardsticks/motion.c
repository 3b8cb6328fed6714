// Redistribution of an array of doubles as bare MPI: pack by hand, MPI_Alltoallv, unpack by hand. What stays on its rank
// is copied straight to its place, and what arrives in its final order is received there.
//
//  to_cyclic: N elements in blocks, one a rank, to blocks of BLOCK dealt out like cards
//  to_blocks: the way back
//  transpose: SIDE x SIDE elements in rows, to columns
//
// The result is allocated anew for each repetition, as by a function that returns it; the buffers in between are not. The
// same with a result that is there already has the suffix _kept. A repetition begins with a barrier and ends when the
// last rank is done; what is printed is the median repetition.
//
// usage: mpirun -n P motion N BLOCK SIDE REPS
// prints: figure NAME <seconds> for each
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOT = 0 };

static int rank, ranks;
static long n, block, side;
static double *source, *result, *out_buffer, *in_buffer;
static int *out_counts, *in_counts, *out_starts, *in_starts;

static long first(long len, int part) { return len / ranks * part + (part < len % ranks ? part : len % ranks); }

// The runs that rank `blocks` has in the blocked layout and rank `cards` in the cyclic one.
#define FOR_RUNS(blocks, cards, in_blocks, in_cards, len, body)                                      \
    do {                                                                                             \
        long lo_ = first(n, blocks), hi_ = first(n, (blocks) + 1), k_ = lo_ / block;                 \
        k_ += ((cards) - k_ % ranks + ranks) % ranks;                                                \
        for (; k_ * block < hi_; k_ += ranks) {                                                      \
            long a_ = k_ * block > lo_ ? k_ * block : lo_;                                           \
            long b_ = (k_ + 1) * block < hi_ ? (k_ + 1) * block : hi_;                               \
            long in_blocks = a_ - lo_, in_cards = k_ / ranks * block + a_ - k_ * block, len = b_ - a_; \
            body                                                                                     \
        }                                                                                            \
    } while (0)

static long cards_of(int part) {
    long count = 0;
    for (int r = 0; r < ranks; r++) FOR_RUNS(r, part, from, to, len, { (void)from; (void)to; count += len; });
    return count;
}

static void starts(const int *counts, int *begin) {
    begin[0] = 0;
    for (int r = 1; r < ranks; r++) begin[r] = begin[r - 1] + counts[r - 1];
}

static void exchange(double *receive) {
    MPI_Alltoallv(out_buffer, out_counts, out_starts, MPI_DOUBLE, receive, in_counts, in_starts, MPI_DOUBLE,
                  MPI_COMM_WORLD);
}

static void to_cyclic(void) {
    long at = 0;
    for (int r = 0; r < ranks; r++) {
        long begin = at;
        if (r == rank) {
            FOR_RUNS(rank, rank, from, to, len, { memcpy(result + to, source + from, len * sizeof *source); });
        } else {
            FOR_RUNS(rank, r, from, to, len, {
                (void)to;
                memcpy(out_buffer + at, source + from, len * sizeof *source);
                at += len;
            });
        }
        out_counts[r] = at - begin;
        in_counts[r] = 0;
        if (r != rank) FOR_RUNS(r, rank, from, to, len, { (void)from; (void)to; in_counts[r] += len; });
    }
    starts(out_counts, out_starts);
    starts(in_counts, in_starts);
    exchange(in_buffer);
    for (int r = 0; r < ranks; r++) {
        const double *in = in_buffer + in_starts[r];
        if (r == rank) continue;
        FOR_RUNS(r, rank, from, to, len, {
            (void)from;
            memcpy(result + to, in, len * sizeof *in);
            in += len;
        });
    }
}

static void to_blocks(void) {
    long at = 0;
    for (int r = 0; r < ranks; r++) {
        long begin = at;
        if (r == rank) {
            FOR_RUNS(rank, rank, to, from, len, { memcpy(result + to, source + from, len * sizeof *source); });
        } else {
            FOR_RUNS(r, rank, to, from, len, {
                (void)to;
                memcpy(out_buffer + at, source + from, len * sizeof *source);
                at += len;
            });
        }
        out_counts[r] = at - begin;
        in_counts[r] = 0;
        if (r != rank) FOR_RUNS(rank, r, to, from, len, { (void)from; (void)to; in_counts[r] += len; });
    }
    starts(out_counts, out_starts);
    starts(in_counts, in_starts);
    exchange(in_buffer);
    for (int r = 0; r < ranks; r++) {
        const double *in = in_buffer + in_starts[r];
        if (r == rank) continue;
        FOR_RUNS(rank, r, to, from, len, {
            (void)from;
            memcpy(result + to, in, len * sizeof *in);
            in += len;
        });
    }
}

static void transpose(void) {
    long rows = first(side, rank + 1) - first(side, rank), width = first(side, rank + 1) - first(side, rank), at = 0;
    for (int r = 0; r < ranks; r++) {
        long left = first(side, r), columns = first(side, r + 1) - left, above = first(side, r);
        for (long i = 0; i < rows; i++) {
            const double *from = source + i * side + left;
            double *to = r == rank ? result + (first(side, rank) + i) * width : out_buffer + at + i * columns;
            memcpy(to, from, columns * sizeof *from);
        }
        out_counts[r] = r == rank ? 0 : rows * columns;
        in_counts[r] = r == rank ? 0 : (first(side, r + 1) - above) * width;
        in_starts[r] = above * width;
        at += out_counts[r];
    }
    starts(out_counts, out_starts);
    exchange(result);
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// Runs it `reps` times, and once more before to warm up, and prints the median of the slowest rank's seconds.
static void measure(const char *name, void (*move)(void), long elements, int fresh, int reps) {
    double seconds[reps];
    if (!fresh) result = malloc(elements * sizeof *result);
    for (int r = -1; r < reps; r++) {
        MPI_Barrier(MPI_COMM_WORLD);
        double start = MPI_Wtime();
        if (fresh) result = malloc(elements * sizeof *result);
        move();
        double taken = MPI_Wtime() - start, slowest;
        MPI_Reduce(&taken, &slowest, 1, MPI_DOUBLE, MPI_MAX, ROOT, MPI_COMM_WORLD);
        if (r >= 0) seconds[r] = slowest;
        if (fresh) free(result);
    }
    if (!fresh) free(result);
    qsort(seconds, reps, sizeof *seconds, ascending);
    if (rank == ROOT) printf("figure %s %.6f\n", name, seconds[reps / 2]);
}

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    n = argc > 1 ? atol(argv[1]) : 1 << 24;
    block = argc > 2 ? atol(argv[2]) : 64;
    side = argc > 3 ? atol(argv[3]) : 4096;
    int reps = argc > 4 ? atoi(argv[4]) : 7;

    long blocked = first(n, rank + 1) - first(n, rank), dealt = cards_of(rank);
    long square = (first(side, rank + 1) - first(side, rank)) * side;
    long most = blocked > dealt ? blocked : dealt;
    most = most > square ? most : square;
    source = malloc(most * sizeof *source);
    out_buffer = malloc(most * sizeof *source);
    in_buffer = malloc(most * sizeof *source);
    for (long i = 0; i < most; i++) source[i] = out_buffer[i] = in_buffer[i] = i;
    out_counts = malloc(4 * ranks * sizeof *out_counts);
    in_counts = out_counts + ranks, out_starts = in_counts + ranks, in_starts = out_starts + ranks;

    measure("to_cyclic", to_cyclic, dealt, 1, reps);
    measure("to_blocks", to_blocks, blocked, 1, reps);
    measure("transpose", transpose, square, 1, reps);
    measure("to_cyclic_kept", to_cyclic, dealt, 0, reps);
    measure("to_blocks_kept", to_blocks, blocked, 0, reps);
    measure("transpose_kept", transpose, square, 0, reps);

    free(out_counts);
    free(in_buffer);
    free(out_buffer);
    free(source);
    MPI_Finalize();
}
