/* The resampler's sums; the bits are those of `Resampler` in eegstream/dsp/resample.py without this file. */
#include "kernels.h"

#define BLOCK 16

FOR_EACH_PROCESSOR
void resample(const ResampleGrid *grid, const double *recent, const double *phases, double *out)
{
    const int64_t channels = grid->channels;
    for (int64_t k = grid->first; k < grid->stop; k++, out += channels) {
        const int64_t position = k * grid->down + grid->half;
        const double *newest = recent + (position / grid->up - grid->start) * channels;
        const double *taps = phases + position % grid->up * grid->taps;
        int64_t c = 0;
        for (; c + BLOCK <= channels; c += BLOCK) {
            double sum[BLOCK];
            const double *x = newest + c;
            for (int q = 0; q < BLOCK; q++)
                sum[q] = x[q] * taps[0];
            for (int64_t i = 1; i < grid->taps; i++) {
                x -= channels;
                for (int q = 0; q < BLOCK; q++)
                    sum[q] += x[q] * taps[i];
            }
            for (int q = 0; q < BLOCK; q++)
                out[c + q] = sum[q];
        }
        for (; c < channels; c++) {
            const double *x = newest + c;
            double sum = x[0] * taps[0];
            for (int64_t i = 1; i < grid->taps; i++) {
                x -= channels;
                sum += x[0] * taps[i];
            }
            out[c] = sum;
        }
    }
}
