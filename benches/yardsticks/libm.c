// Functions of the C library, called for one double after the other on one core. Compile without vectorisation
// (-fno-tree-vectorize): there shall be scalar calls only.
//
// usage: libm N REPS
// prints: figure NAME <nanoseconds an element> for exp, sin, log and pow: the best of some repetitions
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static long n;
static double *restrict x, *restrict y, *restrict z;

static void exponential(void) { for (long i = 0; i < n; i++) z[i] = exp(x[i]); }
static void sine(void) { for (long i = 0; i < n; i++) z[i] = sin(x[i]); }
static void logarithm(void) { for (long i = 0; i < n; i++) z[i] = log(x[i]); }
static void power(void) { for (long i = 0; i < n; i++) z[i] = pow(x[i], y[i]); }

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + 1e-9 * time.tv_nsec;
}

static void measure(const char *name, void (*loop)(void), int reps) {
    double best = 1e9;
    for (int r = 0; r < reps; r++) {
        double start = now();
        loop();
        double seconds = now() - start;
        if (seconds < best) best = seconds;
    }
    printf("figure %s %.4f\n", name, 1e9 * best / n);
}

int main(int argc, char **argv) {
    n = argc > 1 ? atol(argv[1]) : 16000000;
    int reps = argc > 2 ? atoi(argv[2]) : 3;
    x = malloc(n * sizeof *x), y = malloc(n * sizeof *y), z = malloc(n * sizeof *z);
    // The same numbers as the others have: from 0.5 to 20, and exponents from -2 to 2.
    for (long i = 0; i < n; i++) {
        x[i] = 0.5 + 19.5 * i / n;
        y[i] = 4.0 * i / n - 2.0;
        z[i] = 0;
    }
    measure("exp", exponential, reps);
    measure("sin", sine, reps);
    measure("log", logarithm, reps);
    measure("pow", power, reps);
    free(z);
    free(y);
    free(x);
}
