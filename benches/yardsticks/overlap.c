// Steps that compute a frame for as long as writing one takes by itself: a thread writes each frame while the next is
// computed, against one after the other. Bare pwrite of 1 MiB after the other, two frames in memory.
//
//  gain: how many times shorter steps are that way: 2 where neither slows the other
//
// usage: overlap FOLDER FRAMES MIB
// prints: figure gain <times>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PIECE = 1 << 20 };

static int file;
static long frames, bytes, number;
static double *frame[2];

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static void *write_frame(void *from) {
    for (long at = 0; at < bytes; at += PIECE)
        if (pwrite(file, (char *)from + at, PIECE, number * bytes + at) != PIECE) {
            perror("pwrite");
            exit(1);
        }
    return NULL;
}

static double run(const char *path, double compute, int overlap) {
    unlink(path);
    file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644);
    if (file < 0) {
        perror(path);
        exit(1);
    }
    pthread_t writer;
    int writing = 0;
    double start = now();
    for (long f = 0; f < frames; f++) {
        double end = now() + compute, *mine = frame[f % 2], *last = frame[1 - f % 2];
        if (compute > 0)
            for (long i = 0; i < bytes / 8; i++) mine[i] = last[i] + 1.0;
        while (now() < end) {
        }
        if (writing) pthread_join(writer, NULL);
        number = f, writing = overlap;
        if (overlap)
            pthread_create(&writer, NULL, write_frame, mine);
        else
            write_frame(mine);
    }
    if (writing) pthread_join(writer, NULL);
    close(file);
    double seconds = now() - start;
    unlink(path);
    return seconds;
}

int main(int argc, char **argv) {
    char path[4096];
    snprintf(path, sizeof path, "%s/overlap-%d", argc > 1 ? argv[1] : ".", (int)getpid());
    frames = argc > 2 ? atol(argv[2]) : 20;
    bytes = (argc > 3 ? atol(argv[3]) : 64) << 20;
    for (int k = 0; k < 2; k++) {
        frame[k] = malloc(bytes);
        for (long i = 0; i < bytes / 8; i++) frame[k][i] = i;
    }
    // The first writes into memory that is new to the machine, too, the others do not.
    run(path, 0, 0);
    double compute = run(path, 0, 0) / frames;
    double in_turn = run(path, compute, 0);
    printf("figure gain %.6f\n", in_turn / run(path, compute, 1));
}
