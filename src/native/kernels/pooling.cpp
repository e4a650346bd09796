// Pooling, plane by plane.
#include "variant.hpp"

namespace handgrad::HANDGRAD_VARIANT {
namespace {

// The first of equal maxima wins; a NaN counts as the largest.
template <class T>
inline bool beats(T value, T best) {
    return !(value <= best) & (best == best);
}

// A row of results over windows of any kind; `first` is the first one's place in the image.
template <class T>
void max_pool_row(T* __restrict y, int32_t* __restrict winner, const T* image, Size first, const Pooling& g) {
    for (Size q = 0; q < g.Q; ++q, first += g.t) {
        T best = image[first];
        int32_t place = int32_t(first);
        for (Size i = 0; i < g.K; ++i) {
            for (Size j = 0; j < g.L; ++j) {
                const Size candidate = first + i * g.W + j;
                if (!beats(image[candidate], best)) continue;
                best = image[candidate];
                place = int32_t(candidate);
            }
        }
        y[q] = best;
        winner[q] = place;
    }
}

// The same over windows of 2 × 2 side by side, the common kind, written so that compilers find vectors in it.
template <class T>
void max_pool_row_of_twos(T* __restrict y, int32_t* __restrict winner, const T* image, Size first, const Pooling& g) {
    const T *upper = image + first, *lower = upper + g.W;
    const int32_t corner = int32_t(first), W = int32_t(g.W), Q = int32_t(g.Q);
    HANDGRAD_SIMD
    for (int32_t q = 0; q < Q; ++q) {
        const T a = upper[2 * q], b = upper[2 * q + 1], c = lower[2 * q], d = lower[2 * q + 1];
        const bool right = beats(b, a), right_below = beats(d, c);
        const T above = right ? b : a, below = right_below ? d : c;
        const bool down = beats(below, above);
        y[q] = down ? below : above;
        const int32_t place = down ? W + (right_below ? 1 : 0) : (right ? 1 : 0);
        winner[q] = corner + 2 * q + place;
    }
}

template <class T>
void max_pool_forward(T* y, int32_t* winner, const T* x, const Pooling& g) {
    const bool twos = g.K == 2 && g.L == 2 && g.t == 2;
    for (Size plane = 0; plane < g.planes; ++plane) {
        for (Size p = 0; p < g.P; ++p) {
            const T* image = x + plane * g.H * g.W;
            if (twos) {
                max_pool_row_of_twos(y, winner, image, p * g.s * g.W, g);
            } else {
                max_pool_row(y, winner, image, p * g.s * g.W, g);
            }
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
