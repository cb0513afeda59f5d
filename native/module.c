/* The module `eegstream._kernels`: buffers of numbers in, buffers of numbers out; the lock of Python is free meanwhile.
 *
 * Sizes are checked here, so that no call reads or writes beyond a buffer. What the tables of a codec contain is
 * checked once, by eegstream/codec/compiled_search.py. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "kernels.h"

static int has_bytes(const Py_buffer *buffer, int64_t count, int64_t item, const char *name)
{
    if (count >= 0 && (int64_t)buffer->len == count * item)
        return 1;
    PyErr_Format(PyExc_ValueError, "%s has %zd bytes, expected %lld numbers of %lld bytes", name, buffer->len,
                 (long long)count, (long long)item);
    return 0;
}

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

/* Whether every output reads rows that `recent` has. */
static int is_in_reach(const ResampleGrid *grid, int64_t rows)
{
    if (grid->first >= grid->stop)
        return 1;
    const int64_t oldest = floor_div(grid->first * grid->down + grid->half, grid->up) - grid->taps + 1;
    const int64_t newest = floor_div((grid->stop - 1) * grid->down + grid->half, grid->up);
    return oldest >= grid->start && newest < grid->start + rows;
}

/* Resample what the buffers hold; sets an exception and returns 0 if sizes do not fit. */
static int resampled(ResampleGrid *grid, const Py_buffer *recent, const Py_buffer *phases, const Py_buffer *out)
{
    if (grid->channels < 1 || grid->up < 1 || grid->down < 1 || grid->half < 0 || grid->first < 0 ||
        grid->stop < grid->first || phases->len == 0) {
        PyErr_SetString(PyExc_ValueError, "channels, up and down are at least 1, half and first at least 0");
        return 0;
    }
    const int64_t rows = recent->len / (grid->channels * (int64_t)sizeof(double));
    grid->taps = phases->len / (grid->up * (int64_t)sizeof(double));
    if (!has_bytes(recent, rows * grid->channels, sizeof(double), "recent") ||
        !has_bytes(phases, grid->up * grid->taps, sizeof(double), "phases") ||
        !has_bytes(out, (grid->stop - grid->first) * grid->channels, sizeof(double), "out"))
        return 0;
    if (!is_in_reach(grid, rows)) {
        PyErr_SetString(PyExc_ValueError, "an output needs samples that `recent` does not have");
        return 0;
    }
    Py_BEGIN_ALLOW_THREADS
    resample(grid, recent->buf, phases->buf, out->buf);
    Py_END_ALLOW_THREADS
    return 1;
}

static PyObject *py_resample(PyObject *self, PyObject *args)
{
    (void)self;
    Py_buffer recent, phases, out;
    long long channels, up, down, half, start, first, stop;
    if (!PyArg_ParseTuple(args, "y*y*w*(LLLLLLL)", &recent, &phases, &out, &channels, &up, &down, &half, &start, &first,
                          &stop))
        return NULL;
    ResampleGrid grid = {channels, 0, up, down, half, start, first, stop};
    const int done = resampled(&grid, &recent, &phases, &out);
    PyBuffer_Release(&recent);
    PyBuffer_Release(&phases);
    PyBuffer_Release(&out);
    return done ? Py_NewRef(Py_None) : NULL;
}

enum { COEFFICIENT, SCALE, MIDDLE, SIZE, NEAREST, LEVEL, RATE, WORD, SHIFT, SUBSET, PATH, MASK, N_TABLES };

static const char *const table_names[N_TABLES] = {"coefficient", "scale", "middle", "size",   "nearest", "level",
                                                  "rate",        "word",  "shift",  "subset", "path",    "mask"};

/* Whether the sizes of the codec are possible, and each table has the size that follows from them. */
static int fits(const TrellisTables *tables, int rates, const Py_buffer *buffer)
{
    const int64_t columns = (int64_t)tables->classes * tables->segments + 1;
    const int64_t places = (int64_t)tables->classes * tables->segments * tables->steps;
    const int64_t counts[N_TABLES] = {columns * tables->steps, columns * tables->steps, columns * tables->steps,
                                      tables->classes, 4 * (int64_t)tables->cells, 4 * (int64_t)tables->cells,
                                      places, places, places, 2 * (int64_t)tables->states, rates, rates};
    const int64_t items[N_TABLES] = {2, 4, 2, 4, 4, 1, 1, 1, 1, 4, 4, 4};
    if (tables->steps < 1 || tables->segments < 1 || tables->classes < 1 || tables->codes < 2 ||
        tables->coefficients < 1 || tables->cells < 1 || rates < 1 || tables->lanes < tables->segments ||
        tables->lanes > MOST_LANES || tables->candidates < 1 || tables->candidates > MOST_CANDIDATES ||
        tables->states < 4 || tables->states > MOST_STATES || (tables->states & (tables->states - 1))) {
        PyErr_SetString(PyExc_ValueError, "the sizes of the codec are not those of one that can be searched");
        return 0;
    }
    for (int i = 0; i < N_TABLES; i++)
        if (!has_bytes(&buffer[i], counts[i], items[i], table_names[i]))
            return 0;
    return 1;
}

/* Search with what both tuples and the patches' buffers hold; sets an exception and returns 0 if sizes do not fit. */
static int searched(TrellisTables *tables, int rates, const Py_buffer *buffer, const Py_buffer *given,
                    const Py_buffer *codes)
{
    if (!fits(tables, rates, buffer))
        return 0;
    const int64_t rows = codes->len / (tables->codes * (int64_t)sizeof(int32_t));
    const int64_t several = rows * tables->candidates;
    if (!has_bytes(codes, rows * tables->codes, 4, "codes") ||
        !has_bytes(&given[0], rows * tables->coefficients, 4, "z") || !has_bytes(&given[1], rows, 8, "gain") ||
        !has_bytes(&given[2], several, 8, "classes") || !has_bytes(&given[3], several, 4, "factor") ||
        !has_bytes(&given[4], several, 4, "offset"))
        return 0;
    const Candidates patches = {rows, given[0].buf, given[1].buf, given[2].buf, given[3].buf, given[4].buf};
    for (int64_t i = 0; i < several; i++)
        if (patches.classes[i] < 0 || patches.classes[i] >= tables->classes) {
            PyErr_SetString(PyExc_ValueError, "a candidate is no class");
            return 0;
        }
    tables->coefficient = buffer[COEFFICIENT].buf, tables->scale = buffer[SCALE].buf;
    tables->middle = buffer[MIDDLE].buf, tables->size = buffer[SIZE].buf, tables->nearest = buffer[NEAREST].buf;
    tables->level = buffer[LEVEL].buf, tables->rate = buffer[RATE].buf, tables->word = buffer[WORD].buf;
    tables->shift = buffer[SHIFT].buf, tables->subset = buffer[SUBSET].buf;
    tables->path_value = buffer[PATH].buf, tables->level_mask = buffer[MASK].buf;
    char *memory = PyMem_Malloc((size_t)trellis_scratch(tables) + 64);
    if (!memory) {
        PyErr_NoMemory();
        return 0;
    }
    Py_BEGIN_ALLOW_THREADS
    trellis_search(tables, &patches, (void *)(((uintptr_t)memory + 63) / 64 * 64), codes->buf);
    Py_END_ALLOW_THREADS
    PyMem_Free(memory);
    return 1;
}

static PyObject *py_search(PyObject *self, PyObject *args)
{
    (void)self;
    Py_buffer b[N_TABLES], given[5], codes;
    TrellisTables tables = {0};
    int rates;
    if (!PyArg_ParseTuple(args, "(iiiiiiiiii)(y*y*y*y*y*y*y*y*y*y*y*y*)(y*y*y*y*y*)w*", &tables.steps, &tables.segments,
                          &tables.classes, &tables.lanes, &tables.candidates, &tables.states, &tables.codes,
                          &tables.coefficients, &tables.cells, &rates, &b[0], &b[1], &b[2], &b[3], &b[4], &b[5], &b[6],
                          &b[7], &b[8], &b[9], &b[10], &b[11], &given[0], &given[1], &given[2], &given[3], &given[4],
                          &codes))
        return NULL;
    const int done = searched(&tables, rates, b, given, &codes);
    for (int i = 0; i < N_TABLES; i++)
        PyBuffer_Release(&b[i]);
    for (int i = 0; i < 5; i++)
        PyBuffer_Release(&given[i]);
    PyBuffer_Release(&codes);
    return done ? Py_NewRef(Py_None) : NULL;
}

static PyMethodDef methods[] = {
    {"resample", py_resample, METH_VARARGS, 
     "resample(recent, phases, out, (channels, up, down, half, start, first, stop))"},
    {"search", py_search, METH_VARARGS, "search(sizes, tables, (z, gain, classes, factor, offset), codes)"},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_kernels", "Kernels of the signal path in C.", 0, methods, slots, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__kernels(void) { return PyModuleDef_Init(&definition); }
