// One parallel method invocation as bare MPI: the root tells every rank what to call and with which argument, and hears
// one 8-byte result from each. Nothing is called: this is what the messages alone cost.
//
//  three: a header of 16 bytes broadcast, an argument of 8 bytes broadcast, 8 bytes gathered
//  fused: header and argument in one broadcast of 24 bytes, 8 bytes gathered
//
// usage: mpirun -n P call CALLS
// prints: figure three <microseconds a call>, figure fused <microseconds a call>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

enum { HEADER = 16, ARGUMENT = 8, RESULT = 8, ROOT = 0 };

static char command[HEADER + ARGUMENT], result[RESULT], *results;

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

    double in_three = microseconds(three, calls), in_one = microseconds(fused, calls);
    if (rank == ROOT) printf("figure three %.4f\nfigure fused %.4f\n", in_three, in_one);

    free(results);
    MPI_Finalize();
}
