// The Mandelbrot set by escape time, as fast as C with intrinsics makes it, every iteration done: no interior test, no
// search for cycles, no symmetry.
//
// A pixel's count is the number of z, starting with z = 0, that z -> z^2 + c visits before |z|^2 > 4, at most MAXIT.
// Three things make it fast:
//
//  - A group of several vectors is in flight, so that the multipliers work while one chain of operations waits.
//  - While nothing escapes, the group glides: GLIDE iterations, then one look at |z|. An escaped z never comes back (it
//    grows until it is infinite), so the last z tells of all before it. Where it has escaped, the group goes back and
//    walks: one look an iteration, which gives the exact count.
//  - The iterations are done in stages. After each, the pixels still inside close ranks, so that one pixel of the set
//    does not keep a group of escaped neighbours going for a thousand iterations.
//
// The instruction set is chosen at run time: AVX-512, or else AVX2 with FMA.
//
// usage: fractal WIDTH HEIGHT MAXIT THREADS REPS      over the corners (-2, -1) and (1, 1)
// prints: figure seconds <median>, figure giterations <10^9 iterations of the whole picture>
#include <immintrin.h>
#include <omp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    ROWS = 4,   // rows that a thread takes at a time
    WALK = 8,   // iterations between two decisions to walk or to glide
    GLIDE = 32, // iterations between two looks at |z| when gliding
    WIDE = 7,   // AVX-512 vectors in a group: z and c of seven fill 28 of the 32 registers
    NARROW = 6, // AVX2 vectors in a group: z of six fills 12 of the 16 registers, c stays in the cache
    LARGEST = 8 * WIDE,
};

// The iteration counts after which the ranks are closed, short ones first: most pixels outside the set escape at once.
static const int STAGES[] = {32, 104, INT32_MAX};

// Pixels on their way, column by column: the place of the count in the picture, c, and the z reached.
typedef struct {
    uint32_t *place;
    double *cr, *ci, *zr, *zi;
} Pixels;

// Iterates a group of pixels, the one that begins at `at`, `steps` times: sets `counts` to the iterations each made
// before it escaped, leaves in zr and zi where it got to, and returns how many pixels are still inside.
typedef int Kernel(const Pixels *p, long at, int steps, int64_t *counts);

#define EACH(u, n) _Pragma("GCC unroll 8") for (int u = 0; u < n; u++)

// AVX-512 -------------------------------------------------------------------------------------------------------------

#define AVX512 __attribute__((target("avx512f,avx512dq,fma"))) static inline

typedef struct {
    __m512d cr[WIDE], ci[WIDE], zr[WIDE], zi[WIDE];
} Group512;

AVX512 Group512 load512(const Pixels *p, long at) {
    Group512 g;
    EACH(u, WIDE) {
        g.cr[u] = _mm512_loadu_pd(p->cr + at + 8 * u);
        g.ci[u] = _mm512_loadu_pd(p->ci + at + 8 * u);
        g.zr[u] = _mm512_loadu_pd(p->zr + at + 8 * u);
        g.zi[u] = _mm512_loadu_pd(p->zi + at + 8 * u);
    }
    return g;
}

AVX512 void store512(const Group512 *g, const Pixels *p, long at) {
    EACH(u, WIDE) {
        _mm512_storeu_pd(p->zr + at + 8 * u, g->zr[u]);
        _mm512_storeu_pd(p->zi + at + 8 * u, g->zi[u]);
    }
}

// One iteration in four operations: zr' = zr^2 + (cr - zi^2), zi' = 2 zr zi + ci.
AVX512 void step512(Group512 *g, int u) {
    __m512d zr = g->zr[u], zi = g->zi[u];
    g->zr[u] = _mm512_fmadd_pd(zr, zr, _mm512_fnmadd_pd(zi, zi, g->cr[u]));
    g->zi[u] = _mm512_fmadd_pd(_mm512_add_pd(zr, zr), zi, g->ci[u]);
}

AVX512 __mmask8 inside512(const Group512 *g, int u, __mmask8 among) {
    __m512d size = _mm512_fmadd_pd(g->zr[u], g->zr[u], _mm512_mul_pd(g->zi[u], g->zi[u]));
    return _mm512_mask_cmp_pd_mask(among, size, _mm512_set1_pd(4.0), _CMP_LE_OQ);
}

// Returns whether it glided; if a pixel escaped on the way nothing has changed.
AVX512 int glide512(const Pixels *p, long at, const __mmask8 *inside, __m512i *n) {
    Group512 g = load512(p, at);
    for (int k = 0; k < GLIDE; k++) EACH(u, WIDE) step512(&g, u);
    int escaped = 0;
    EACH(u, WIDE) escaped |= inside[u] ^ inside512(&g, u, inside[u]);
    if (escaped) return 0;
    EACH(u, WIDE) n[u] = _mm512_mask_add_epi64(n[u], inside[u], n[u], _mm512_set1_epi64(GLIDE));
    store512(&g, p, at);
    return 1;
}

AVX512 void walk512(const Pixels *p, long at, int steps, __mmask8 *inside, __m512i *n) {
    Group512 g = load512(p, at);
    for (int k = 0; k < steps; k++) EACH(u, WIDE) {
            inside[u] = inside512(&g, u, inside[u]);
            n[u] = _mm512_mask_add_epi64(n[u], inside[u], n[u], _mm512_set1_epi64(1));
            step512(&g, u);
        }
    store512(&g, p, at);
}

AVX512 int count512(const __mmask8 *inside) {
    int count = 0;
    EACH(u, WIDE) count += __builtin_popcount(inside[u]);
    return count;
}

__attribute__((target("avx512f,avx512dq,fma"))) static int
kernel512(const Pixels *p, long at, int steps, int64_t *counts) {
    __m512i n[WIDE];
    __mmask8 inside[WIDE];
    EACH(u, WIDE) n[u] = _mm512_setzero_si512(), inside[u] = 0xff;
    int left = 8 * WIDE, quiet = 0;
    for (int done = 0; done < steps && left;) {
        if (quiet && steps - done >= GLIDE && glide512(p, at, inside, n)) {
            done += GLIDE;
            continue;
        }
        int todo = steps - done < WALK ? steps - done : WALK, before = left;
        walk512(p, at, todo, inside, n);
        left = count512(inside);
        quiet = left == before;
        done += todo;
    }
    EACH(u, WIDE) _mm512_storeu_si512(counts + 8 * u, n[u]);
    return left;
}

// AVX2: the same with four lanes to a vector; a mask is a vector, all ones where the pixel is inside ------------------

#define AVX2 __attribute__((target("avx2,fma"))) static inline

typedef struct {
    __m256d cr[NARROW], ci[NARROW], zr[NARROW], zi[NARROW];
} Group256;

AVX2 Group256 load256(const Pixels *p, long at) {
    Group256 g;
    EACH(u, NARROW) {
        g.cr[u] = _mm256_loadu_pd(p->cr + at + 4 * u);
        g.ci[u] = _mm256_loadu_pd(p->ci + at + 4 * u);
        g.zr[u] = _mm256_loadu_pd(p->zr + at + 4 * u);
        g.zi[u] = _mm256_loadu_pd(p->zi + at + 4 * u);
    }
    return g;
}

AVX2 void store256(const Group256 *g, const Pixels *p, long at) {
    EACH(u, NARROW) {
        _mm256_storeu_pd(p->zr + at + 4 * u, g->zr[u]);
        _mm256_storeu_pd(p->zi + at + 4 * u, g->zi[u]);
    }
}

AVX2 void step256(Group256 *g, int u) {
    __m256d zr = g->zr[u], zi = g->zi[u];
    g->zr[u] = _mm256_fmadd_pd(zr, zr, _mm256_fnmadd_pd(zi, zi, g->cr[u]));
    g->zi[u] = _mm256_fmadd_pd(_mm256_add_pd(zr, zr), zi, g->ci[u]);
}

AVX2 __m256d inside256(const Group256 *g, int u, __m256d among) {
    __m256d size = _mm256_fmadd_pd(g->zr[u], g->zr[u], _mm256_mul_pd(g->zi[u], g->zi[u]));
    return _mm256_and_pd(among, _mm256_cmp_pd(size, _mm256_set1_pd(4.0), _CMP_LE_OQ));
}

AVX2 int glide256(const Pixels *p, long at, const __m256d *inside, __m256i *n) {
    Group256 g = load256(p, at);
    for (int k = 0; k < GLIDE; k++) EACH(u, NARROW) step256(&g, u);
    __m256d escaped = _mm256_setzero_pd();
    EACH(u, NARROW) escaped = _mm256_or_pd(escaped, _mm256_xor_pd(inside[u], inside256(&g, u, inside[u])));
    if (_mm256_movemask_pd(escaped)) return 0;
    const __m256i steps = _mm256_set1_epi64x(GLIDE);
    EACH(u, NARROW) n[u] = _mm256_add_epi64(n[u], _mm256_and_si256(_mm256_castpd_si256(inside[u]), steps));
    store256(&g, p, at);
    return 1;
}

AVX2 void walk256(const Pixels *p, long at, int steps, __m256d *inside, __m256i *n) {
    Group256 g = load256(p, at);
    for (int k = 0; k < steps; k++) EACH(u, NARROW) {
            inside[u] = inside256(&g, u, inside[u]);
            n[u] = _mm256_sub_epi64(n[u], _mm256_castpd_si256(inside[u]));
            step256(&g, u);
        }
    store256(&g, p, at);
}

AVX2 int count256(const __m256d *inside) {
    int count = 0;
    EACH(u, NARROW) count += __builtin_popcount(_mm256_movemask_pd(inside[u]));
    return count;
}

__attribute__((target("avx2,fma"))) static int
kernel256(const Pixels *p, long at, int steps, int64_t *counts) {
    __m256i n[NARROW];
    __m256d inside[NARROW];
    EACH(u, NARROW) n[u] = _mm256_setzero_si256(), inside[u] = _mm256_castsi256_pd(_mm256_set1_epi64x(-1));
    int left = 4 * NARROW, quiet = 0;
    for (int done = 0; done < steps && left;) {
        if (quiet && steps - done >= GLIDE && glide256(p, at, inside, n)) {
            done += GLIDE;
            continue;
        }
        int todo = steps - done < WALK ? steps - done : WALK, before = left;
        walk256(p, at, todo, inside, n);
        left = count256(inside);
        quiet = left == before;
        done += todo;
    }
    EACH(u, NARROW) _mm256_storeu_si256((__m256i *)(counts + 4 * u), n[u]);
    return left;
}

// The picture ---------------------------------------------------------------------------------------------------------

// The rows from `first` on, with `p` as room to work in.
static void rows(Kernel *kernel, int group, Pixels p, int width, int height, int first, int maxit, uint32_t *picture) {
    long left = 0;
    for (int y = first; y < first + ROWS && y < height; y++)
        for (int x = 0; x < width; x++, left++) {
            p.place[left] = (uint32_t)(y * width + x);
            p.cr[left] = -2.0 + 3.0 / (width - 1) * x;
            p.ci[left] = -1.0 + 2.0 / (height - 1) * y;
            p.zr[left] = p.zi[left] = 0.0;
        }
    int done = 0;
    for (const int *stage = STAGES; done < maxit && left; stage++) {
        int steps = (*stage < maxit ? *stage : maxit) - done;
        long kept = 0;
        // The last group is filled up with pixels that have escaped.
        for (long i = left; i < left + group; i++) p.cr[i] = p.ci[i] = p.zr[i] = p.zi[i] = 4.0;
        for (long at = 0; at < left; at += group) {
            int64_t n[LARGEST];
            int inside = kernel(&p, at, steps, n);
            int real = left - at < group ? (int)(left - at) : group;
            for (int k = 0; k < real; k++) picture[p.place[at + k]] = (uint32_t)(done + n[k]);
            if (inside == 0) continue;
            for (int k = 0; k < real; k++) {
                long i = at + k;
                p.place[kept] = p.place[i];
                p.cr[kept] = p.cr[i], p.ci[kept] = p.ci[i], p.zr[kept] = p.zr[i], p.zi[kept] = p.zi[i];
                kept += n[k] == steps;
            }
        }
        done += steps;
        left = kept;
    }
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    if (argc != 6) return 2;
    int width = atoi(argv[1]), height = atoi(argv[2]), maxit = atoi(argv[3]);
    int threads = atoi(argv[4]), reps = atoi(argv[5]);
    uint32_t *picture = calloc((size_t)width * height, sizeof *picture);
    double seconds[reps];
    int wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
    if (!wide && !(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))) {
        fprintf(stderr, "this CPU has neither AVX-512 nor AVX2 with FMA\n");
        return 1;
    }
    Kernel *kernel = wide ? kernel512 : kernel256;
    int group = wide ? 8 * WIDE : 4 * NARROW;
    for (int r = 0; r < reps; r++) {
        double start = omp_get_wtime();
#pragma omp parallel num_threads(threads)
        {
            size_t room = (size_t)ROWS * width + LARGEST;
            double *columns = malloc(4 * room * sizeof *columns);
            uint32_t *place = malloc(room * sizeof *place);
            Pixels p = {place, columns, columns + room, columns + 2 * room, columns + 3 * room};
#pragma omp for schedule(dynamic, 1)
            for (int y = 0; y < height; y += ROWS) rows(kernel, group, p, width, height, y, maxit, picture);
            free(columns);
            free(place);
        }
        seconds[r] = omp_get_wtime() - start;
    }
    qsort(seconds, reps, sizeof *seconds, ascending);
    uint64_t total = 0;
    for (size_t i = 0; i < (size_t)width * height; i++) total += picture[i];
    printf("figure seconds %.6f\nfigure giterations %.9f\n", seconds[reps / 2], total / 1e9);
}
