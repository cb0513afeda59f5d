/* Kernels of the signal path in C. Each gives the bits of a slower form: operations in the same order, none fused. */
#ifndef EEGSTREAM_KERNELS_H
#define EEGSTREAM_KERNELS_H

#include <stdint.h>

/* One source, compiled for several instruction sets; the loader takes the best one that the processor has. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__)
#define FOR_EACH_PROCESSOR __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif

/* Outputs `first` to `stop` of a polyphase filter, for `channels` signals side by side.
 *
 *     out[k - first][c] = sum_i recent[(k down + half) / up - start - i][c] phases[(k down + half) % up][i]
 *
 * summed from i = 0 on. `recent` (n, channels) begins at source position `start`; `phases` is (up, taps). */
typedef struct {
    int64_t channels, taps, up, down, half, start, first, stop;
} ResampleGrid;

void resample(const ResampleGrid *grid, const double *recent, const double *phases, double *out);

/* The most that a trellis search has room for. */
#define MOST_STATES 64
#define MOST_LANES 64
#define MOST_CANDIDATES 64

/* Tables of the classified codec, with the letters of trainer/models/classified/codec.py: K classes, P places of a
 * class, T steps, S states, G codes, n coefficients. A column is a segment of a class; the last one is padding. */
typedef struct {
    int steps, segments, classes, lanes, candidates, states, codes, coefficients, cells;
    const int16_t *coefficient; /* (K segments + 1, T) */
    const float *scale;         /* (K segments + 1, T) */
    const int16_t *middle;      /* (K segments + 1, T): the cell of the value 0 */
    const int32_t *size;        /* (K): segments of a class */
    const float *nearest;       /* (cells, 4): the nearest level of each subset */
    const uint8_t *level;       /* (4, cells): its number */
    const uint8_t *rate;        /* (K, P) */
    const uint8_t *word;        /* (K, P) */
    const uint8_t *shift;       /* (K, P) */
    const int32_t *subset;      /* (2 S): of each register */
    const int32_t *path_value;  /* by rate */
    const int32_t *level_mask;  /* by rate */
} TrellisTables;

/* What is known of B patches before the search: coefficients over the gain, gain steps, and C candidate classes with
 * their gains relative to the patch's own, as factors and in steps. */
typedef struct {
    int64_t rows;
    const float *z;         /* (B, n) */
    const int64_t *gain;    /* (B) */
    const int64_t *classes; /* (B, C), each from 0 to K - 1 */
    const float *factor;    /* (B, C) */
    const float *offset;    /* (B, C) */
} Candidates;

/* Bytes of `scratch` that `trellis_search` needs; at an address that is a multiple of 64. */
int64_t trellis_scratch(const TrellisTables *tables);

/* Codes (B, G) of the best candidate of each patch. */
void trellis_search(const TrellisTables *tables, const Candidates *given, void *scratch, int32_t *codes);

#endif
