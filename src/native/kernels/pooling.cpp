// Pooling, plane by plane.
#include "variant.hpp"

namespace handgrad::HANDGRAD_VARIANT {
namespace {

// A row of results over windows of any kind; `first` is the first window's place in the image. The first of equal maxima
// wins; a NaN counts as the largest.
template <class T>
void max_pool_row(T* y, int32_t* winner, const T* image, Size first, const Pooling& g) {
    for (Size q = 0; q < g.Q; ++q, first += g.t) {
        T best = image[first];
        Size place = first;
        for (Size i = 0; i < g.K; ++i) {
            for (Size j = 0; j < g.L; ++j) {
                const Size candidate = first + i * g.W + j;
                const T value = image[candidate];
                const bool better = value > best || (value != value && best == best);
                best = better ? value : best;
                place = better ? candidate : place;
            }
        }
        y[q] = best;
        winner[q] = int32_t(place);
    }
}

// The same over windows of 2 × 2 side by side, the common kind, written so that compilers find vectors in it. False if
// a value was not finite; the row is then not to be relied on, because every comparison with NaN says no.
template <class T>
bool max_pool_row_of_twos(T* __restrict y, int32_t* __restrict winner, const T* image, Size first, const Pooling& g) {
    const T *upper = image + first, *lower = upper + g.W;
    const int32_t corner = int32_t(first), W = int32_t(g.W), Q = int32_t(g.Q);
    T doubt = 0;
    HANDGRAD_SIMD_SUM(doubt)
    for (int32_t q = 0; q < Q; ++q) {
        const T a = upper[2 * q], b = upper[2 * q + 1], c = lower[2 * q], d = lower[2 * q + 1];
        doubt += (a - a) + (b - b) + (c - c) + (d - d);
        const T above = b > a ? b : a, below = d > c ? d : c;
        const int32_t place_above = b > a ? 1 : 0, place_below = d > c ? W + 1 : W;
        y[q] = below > above ? below : above;
        winner[q] = corner + 2 * q + (below > above ? place_below : place_above);
    }
    return doubt == 0;
}

template <class T>
void max_pool_forward(T* y, int32_t* winner, const T* x, const Pooling& g) {
    const bool twos = g.K == 2 && g.L == 2 && g.t == 2;
    for (Size plane = 0; plane < g.planes; ++plane) {
        for (Size p = 0; p < g.P; ++p) {
            const T* image = x + plane * g.H * g.W;
            const Size first = p * g.s * g.W;
            if (!twos || !max_pool_row_of_twos(y, winner, image, first, g)) max_pool_row(y, winner, image, first, g);
            y += g.Q;
            winner += g.Q;
        }
    }
}

template <class T>
void max_pool_backward(T* dx, const T* dy, const int32_t* winner, Size planes, Size image, Size result) {
    for (Size i = 0; i < planes * image; ++i) dx[i] = 0;
    for (Size plane = 0; plane < planes; ++plane) {
        for (Size r = 0; r < result; ++r) dx[plane * image + winner[plane * result + r]] += dy[plane * result + r];
    }
}

template <class T>
void avg_pool_forward(T* y, const T* x, const Pooling& g) {
    const T size = T(g.K * g.L);
    for (Size plane = 0; plane < g.planes; ++plane) {
        for (Size p = 0; p < g.P; ++p) {
            const T* rows = x + (plane * g.H + p * g.s) * g.W;
            for (Size q = 0; q < g.Q; ++q) {
                T sum = 0;
                for (Size i = 0; i < g.K; ++i) {
                    for (Size j = 0; j < g.L; ++j) sum += rows[i * g.W + q * g.t + j];
                }
                *y++ = sum / size;
            }
        }
    }
}

template <class T>
void avg_pool_backward(T* dx, const T* dy, const Pooling& g) {
    const T size = T(g.K * g.L);
    for (Size i = 0; i < g.planes * g.H * g.W; ++i) dx[i] = 0;
    for (Size plane = 0; plane < g.planes; ++plane) {
        for (Size p = 0; p < g.P; ++p) {
            T* rows = dx + (plane * g.H + p * g.s) * g.W;
            for (Size q = 0; q < g.Q; ++q) {
                const T share = *dy++ / size;
                for (Size i = 0; i < g.K; ++i) {
                    for (Size j = 0; j < g.L; ++j) rows[i * g.W + q * g.t + j] += share;
                }
            }
        }
    }
}

template <class T>
void fill(Table<T>& table) {
    table.max_pool_forward = max_pool_forward<T>;
    table.max_pool_backward = max_pool_backward<T>;
    table.avg_pool_forward = avg_pool_forward<T>;
    table.avg_pool_backward = avg_pool_backward<T>;
}

}  // namespace

void fill_pooling(Tables& tables) {
    fill(tables.floats);
    fill(tables.doubles);
}

}  // namespace handgrad::HANDGRAD_VARIANT
