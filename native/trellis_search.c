/* The search of the classified codec; the codes are those of `ClassifiedCodec.search` and `encode` as TorchScript.
 *
 * For each patch: the errors of all steps and lanes, the best path of each lane (Viterbi), the best candidate, and its
 * symbols, packed. LANES lanes go side by side; they are independent, so that a compiler can make vectors of them. */
#include "kernels.h"

#include <string.h>

#define LANES 8
#define SUBSETS 4
#define CELLS_PER_UNIT 32.0f
#define REACH 256.0f
#define NEVER 1e9f
#define ROUNDER 12582912.0f /* 1.5 * 2^23: to add and to subtract it rounds to even, up to 2^22 */

#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define INDEPENDENT _Pragma("GCC ivdep")
#else
#define INDEPENDENT __pragma(loop(ivdep))
#endif
#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static __forceinline
#define restrict __restrict
#endif

/* Vectors of LANES numbers. GCC and Clang are told so, since they make none of short loops by themselves. */
#if defined(__GNUC__)
typedef float Vector __attribute__((vector_size(LANES * 4)));
typedef int32_t Mask __attribute__((vector_size(LANES * 4)));
#else
typedef float Vector[LANES];
#endif

typedef struct {
    Vector *errors;   /* (blocks, T, 4) */
    Vector *metrics;  /* (blocks, T + 1, S): the error of the best path to each state */
    int16_t *cells;   /* (blocks * LANES, T) */
    float *doubled;   /* (T): 2 u */
    float *weight;    /* (T) */
} Scratch;

static int64_t aligned(int64_t bytes) { return (bytes + 63) / 64 * 64; }

static int blocks_of(const TrellisTables *tables) { return (tables->lanes + LANES - 1) / LANES; }

int64_t trellis_scratch(const TrellisTables *tables)
{
    const int64_t blocks = blocks_of(tables), steps = tables->steps;
    return aligned(blocks * steps * SUBSETS * (int64_t)sizeof(Vector)) +
           aligned(blocks * (steps + 1) * tables->states * (int64_t)sizeof(Vector)) +
           aligned(blocks * LANES * steps * (int64_t)sizeof(int16_t)) + 2 * aligned(steps * (int64_t)sizeof(float));
}

static Scratch divided(const TrellisTables *tables, void *memory)
{
    const int64_t blocks = blocks_of(tables), steps = tables->steps;
    char *next = memory;
    Scratch scratch;
    scratch.errors = (Vector *)next;
    next += aligned(blocks * steps * SUBSETS * (int64_t)sizeof(Vector));
    scratch.metrics = (Vector *)next;
    next += aligned(blocks * (steps + 1) * tables->states * (int64_t)sizeof(Vector));
    scratch.cells = (int16_t *)next;
    next += aligned(blocks * LANES * steps * (int64_t)sizeof(int16_t));
    scratch.doubled = (float *)next;
    next += aligned(steps * (int64_t)sizeof(float));
    scratch.weight = (float *)next;
    return scratch;
}

/* Errors (T, 4) of one lane, and its cells. A value that is no number gets the lowest cell. */
INLINE void lane_errors(const TrellisTables *tables, int64_t column, float factor, const float *restrict z,
                        const Scratch *scratch, int16_t *restrict cells, float *restrict errors)
{
    const int steps = tables->steps;
    const int16_t *restrict coefficient = tables->coefficient + column * steps;
    const int16_t *restrict middle = tables->middle + column * steps;
    const float *restrict scale = tables->scale + column * steps;
    float *restrict doubled = scratch->doubled, *restrict weight = scratch->weight;
    INDEPENDENT
    for (int t = 0; t < steps; t++) {
        const float width = scale[t] * factor;
        const float u = z[coefficient[t]] / width;
        float place = u * CELLS_PER_UNIT;
        place = place > -REACH ? place : -REACH;
        place = place < REACH ? place : REACH;
        place = (place + ROUNDER) - ROUNDER;
        cells[t] = (int16_t)((int)place + middle[t]);
        doubled[t] = 2.0f * u;
        weight[t] = width * width;
    }
    for (int t = 0; t < steps; t++) {
        const float *restrict nearest = tables->nearest + (int64_t)cells[t] * SUBSETS;
        for (int q = 0; q < SUBSETS; q++)
            errors[(t * SUBSETS + q) * LANES] = (nearest[q] - doubled[t]) * nearest[q] * weight[t];
    }
}

/* The smaller one of two sums, in each lane; the second one only if it is smaller. */
INLINE void smaller(Vector *restrict out, const Vector *a, const Vector *of_a, const Vector *b, const Vector *of_b)
{
#if defined(__GNUC__)
    const Vector low = *a + *of_a, high = *b + *of_b;
    const Mask is_high = high < low;
    *out = (Vector)(((Mask)high & is_high) | ((Mask)low & ~is_high));
#else
    for (int l = 0; l < LANES; l++) {
        const float low = (*a)[l] + (*of_a)[l], high = (*b)[l] + (*of_b)[l];
        (*out)[l] = high < low ? high : low;
    }
#endif
}

/* Metrics (T + 1, S) of the paths through errors (T, 4). State j comes from j / 2, or from S / 2 + j / 2. */
INLINE void walk(int states, int steps, const int32_t *low, const int32_t *high, const Vector *errors, Vector *metrics)
{
    for (int j = 0; j < states; j++)
        for (int l = 0; l < LANES; l++)
            metrics[j][l] = j ? NEVER : 0.0f;
    for (int t = 0; t < steps; t++, errors += SUBSETS, metrics += states)
        for (int j = 0; j < states; j++) {
            const int branch = j & (states / 2 - 1);
            smaller(&metrics[states + j], &metrics[j >> 1], &errors[low[branch]], &metrics[states / 2 + (j >> 1)],
                    &errors[high[branch]]);
        }
}

/* The subsets of the branches that leave the lower half of the states, and of those that leave the upper half: those
 * of the registers without their second-highest bit, on which no subset depends. */
static void branches(const TrellisTables *tables, int32_t *low, int32_t *high)
{
    const int half = tables->states / 2;
    for (int branch = 0; branch < half; branch++) {
        low[branch] = tables->subset[branch];
        high[branch] = tables->subset[branch + 2 * half];
    }
}

/* The first class of a patch with the least error, as the place among its candidates. `error` and `last` tell, for
 * each lane, the error of its best path and the state that the path ends in. */
static int best_candidate(const TrellisTables *tables, const int64_t *classes, const int *start, const int *owner,
                          const float *error)
{
    float total[MOST_CANDIDATES];
    int best = 0;
    for (int c = 0; c < tables->candidates; c++)
        total[c] = 0.0f;
    for (int lane = 0; lane < tables->lanes; lane++)
        total[owner[lane]] += error[lane];
    for (int c = 0; c < tables->candidates; c++) {
        total[c] += start[c] + tables->size[classes[c]] > tables->lanes ? NEVER : 0.0f;
        if (total[c] < total[best])
            best = c;
    }
    return best;
}

/* Go back along the path of `lane` that ends in `state`, and add the symbols of part `part` of a class to its words. */
static void trace(const TrellisTables *tables, const Scratch *scratch, const int32_t *low, const int32_t *high,
                  int lane, int state, int64_t class, int part, int32_t *words)
{
    const int steps = tables->steps, states = tables->states, l = lane % LANES;
    const Vector *errors = scratch->errors + (int64_t)(lane / LANES) * steps * SUBSETS;
    const Vector *metrics = scratch->metrics + (int64_t)(lane / LANES) * (steps + 1) * states;
    const int16_t *cells = scratch->cells + (int64_t)lane * steps;
    const int64_t first = (class * tables->segments + part) * steps;
    for (int t = steps - 1; t >= 0; t--) {
        const Vector *before = metrics + (int64_t)t * states, *error = errors + (int64_t)t * SUBSETS;
        const int branch = state & (states / 2 - 1);
        const float a = before[state >> 1][l] + error[low[branch]][l];
        const float b = before[states / 2 + (state >> 1)][l] + error[high[branch]][l];
        const int previous = (state >> 1) + (b < a ? states / 2 : 0), bit = state & 1;
        const int rate = tables->rate[first + t];
        const int level = tables->level[(int64_t)tables->subset[2 * previous + bit] * tables->cells + cells[t]];
        const int32_t symbol = bit * tables->path_value[rate] + (level & tables->level_mask[rate]);
        int32_t *word = &words[tables->word[first + t]];
        *word = (int32_t)((uint32_t)*word + ((uint32_t)symbol << tables->shift[first + t]));
        state = previous;
    }
}

INLINE void search_row(const TrellisTables *tables, int states, const int32_t *low, const int32_t *high,
                       const Candidates *given, int64_t row, const Scratch *scratch, int32_t *codes)
{
    const int steps = tables->steps, lanes = tables->lanes, candidates = tables->candidates;
    const int64_t *classes = given->classes + row * candidates;
    const float *factor = given->factor + row * candidates, *z = given->z + row * tables->coefficients;
    int start[MOST_CANDIDATES], owner[MOST_LANES], last[MOST_LANES];
    float best[MOST_LANES];
    for (int c = 0, taken = 0; c < candidates; taken += tables->size[classes[c++]])
        start[c] = taken;
    for (int lane = 0, c = 0; lane < lanes; lane++) {
        while (c + 1 < candidates && start[c + 1] <= lane)
            c++;
        owner[lane] = c;
        const int part = lane - start[c];
        const int is_padding = part >= tables->size[classes[c]];
        const int64_t column = (is_padding ? tables->classes : classes[c]) * tables->segments + (is_padding ? 0 : part);
        float *errors = (float *)(scratch->errors + (int64_t)(lane / LANES) * steps * SUBSETS) + lane % LANES;
        lane_errors(tables, column, factor[c], z, scratch, scratch->cells + (int64_t)lane * steps, errors);
    }
    for (int block = 0; block * LANES < lanes; block++) {
        Vector *metrics = scratch->metrics + (int64_t)block * (steps + 1) * states;
        walk(states, steps, low, high, scratch->errors + (int64_t)block * steps * SUBSETS, metrics);
        const Vector *end = metrics + (int64_t)steps * states;
        for (int l = 0; l < LANES && block * LANES + l < lanes; l++) {
            int state = 0;
            for (int j = 1; j < states; j++)
                state = end[j][l] < end[state][l] ? j : state;
            last[block * LANES + l] = state;
            best[block * LANES + l] = end[state][l];
        }
    }
    const int winner = best_candidate(tables, classes, start, owner, best);
    int32_t *words = codes + row * tables->codes;
    memset(words, 0, (size_t)tables->codes * sizeof(int32_t));
    for (int part = 0; part < tables->size[classes[winner]]; part++) {
        const int lane = start[winner] + part < lanes ? start[winner] + part : lanes - 1;
        trace(tables, scratch, low, high, lane, last[lane], classes[winner], part, words);
    }
    const float offset = given->offset[row * candidates + winner];
    words[0] = (int32_t)(given->gain[row] + (offset > -REACH && offset < REACH ? (int)offset : 0));
    words[1] = (int32_t)classes[winner];
}

FOR_EACH_PROCESSOR
void trellis_search(const TrellisTables *tables, const Candidates *given, void *memory, int32_t *codes)
{
    const Scratch scratch = divided(tables, memory);
    int32_t low[MOST_STATES / 2], high[MOST_STATES / 2];
    branches(tables, low, high);
    for (int64_t row = 0; row < given->rows; row++) {
        if (tables->states == 16) /* a constant, so that its loops are unrolled */
            search_row(tables, 16, low, high, given, row, &scratch, codes);
        else
            search_row(tables, tables->states, low, high, given, row, &scratch, codes);
    }
}
