// One parallel method invocation as bare MPI: the root tells every rank what to call and with which argument, and hears
// one 8-byte result from each. Nothing is called: this is what the messages alone cost.
//
//  three: a header of 16 bytes broadcast, an argument of 8 bytes broadcast, 8 bytes gathered
//  fused: header and argument in one broadcast of 24 bytes, 8 bytes gathered
//
//  kib: as three, with argument and result of 1 KiB
//  reduce: as three, with a sum of one double in place of the gather
//  all_reduce: a sum of one double, no more: what a collective inside a call costs
//
// usage: mpirun -n P call CALLS
// prints: figure NAME <microseconds a call> for each
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

enum { HEADER = 16, ARGUMENT = 8, RESULT = 8, ROOT = 0 };

static char command[HEADER + ARGUMENT], result[RESULT], *results;

enum { KIB = 1024 };

static char large[KIB], *larges;
static double mine = 1, sum;

static void broadcast(char *bytes, int count) { MPI_Bcast(bytes, count, MPI_BYTE, ROOT, MPI_COMM_WORLD); }

static void gather(void) { MPI_Gather(result, RESULT, MPI_BYTE, results, RESULT, MPI_BYTE, ROOT, MPI_COMM_WORLD); }

static void three(void) {
    broadcast(command, HEADER);
    broadcast(command + HEADER, ARGUMENT);
    gather();
}

static void fused(void) {
    broadcast(command, HEADER + ARGUMENT);
    gather();
}

static void kib(void) {
    broadcast(command, HEADER);
    broadcast(large, KIB);
    MPI_Gather(large, KIB, MPI_BYTE, larges, KIB, MPI_BYTE, ROOT, MPI_COMM_WORLD);
}

static void reduce(void) {
    broadcast(command, HEADER);
    broadcast(command + HEADER, ARGUMENT);
    MPI_Reduce(&mine, &sum, 1, MPI_DOUBLE, MPI_SUM, ROOT, MPI_COMM_WORLD);
}

static void all_reduce(void) { MPI_Allreduce(&mine, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD); }

// Microseconds a call, after a tenth of the calls to warm up.
static double microseconds(void (*call)(void), int calls) {
    for (int i = 0; i < calls / 10; i++) call();
    MPI_Barrier(MPI_COMM_WORLD);
    double start = MPI_Wtime();
    for (int i = 0; i < calls; i++) call();
    return (MPI_Wtime() - start) / calls * 1e6;
}

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int calls = argc > 1 ? atoi(argv[1]) : 200000;
    results = malloc((size_t)ranks * RESULT);

    larges = malloc((size_t)ranks * KIB);

    struct { const char *name; void (*call)(void); } figures[] = {
        {"three", three}, {"fused", fused}, {"kib", kib}, {"reduce", reduce}, {"all_reduce", all_reduce},
    };
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        double cost = microseconds(figures[i].call, calls);
        if (rank == ROOT) printf("figure %s %.4f\n", figures[i].name, cost);
    }

    free(larges);
    free(results);
    MPI_Finalize();
}
