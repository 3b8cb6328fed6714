// What the memory gives to loops over doubles that are there already and have been written to before, as the STREAM
// benchmark measures it: the best of some repetitions.
//
//  read: the sum of an array      read_two: the dot product of two
//  copy: b = a                    triad: c = 2 a + b
//  polynomial: b = p(a) by Horner's rule, p of degree 5: as many multiplications and additions
//
// Compile the sums with -ffast-math: without it they are one chain of additions.
//
// usage: stream N THREADS REPS
// prints: figure NAME <GB/s, counting each array read and each array written once> for each
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

static long n;
static double *restrict a, *restrict b, *restrict c;
static volatile double kept;

#define FOR_ALL(i) _Pragma("omp parallel for schedule(static)") for (long i = 0; i < n; i++)

static void read_one(void) {
    double sum = 0;
#pragma omp parallel for schedule(static) reduction(+ : sum)
    for (long i = 0; i < n; i++) sum += a[i];
    kept = sum;
}

static void read_two(void) {
    double sum = 0;
#pragma omp parallel for schedule(static) reduction(+ : sum)
    for (long i = 0; i < n; i++) sum += a[i] * b[i];
    kept = sum;
}

static void copy(void) { FOR_ALL(i) b[i] = a[i]; }

static void triad(void) { FOR_ALL(i) c[i] = 2.0 * a[i] + b[i]; }

static void polynomial(void) {
    FOR_ALL(i) {
        double x = a[i];
        b[i] = ((((0.5 * x - 0.25) * x + 0.125) * x - 2.0) * x + 3.0) * x - 1.0;
    }
}

static void measure(const char *name, void (*loop)(void), int arrays, int reps) {
    double best = 1e9;
    for (int r = 0; r < reps; r++) {
        double seconds = -omp_get_wtime();
        loop();
        seconds += omp_get_wtime();
        if (seconds < best) best = seconds;
    }
    printf("figure %s %.4f\n", name, 1e-9 * sizeof(double) * arrays * n / best);
}

int main(int argc, char **argv) {
    n = argc > 1 ? atol(argv[1]) : 16000000;
    if (argc > 2) omp_set_num_threads(atoi(argv[2]));
    int reps = argc > 3 ? atoi(argv[3]) : 10;
    a = malloc(n * sizeof *a), b = malloc(n * sizeof *b), c = malloc(n * sizeof *c);
    FOR_ALL(i) {
        a[i] = 1e-9 * i;
        b[i] = 1;
        c[i] = 0;
    }
    // Until the system has found a core for each thread.
    for (double start = omp_get_wtime(); omp_get_wtime() < start + 0.3;) read_one();
    measure("read", read_one, 1, reps);
    measure("read_two", read_two, 2, reps);
    measure("triad", triad, 3, reps);
    measure("polynomial", polynomial, 2, reps);
    measure("copy", copy, 2, reps);
    free(c);
    free(b);
    free(a);
}
