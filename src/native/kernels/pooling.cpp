// Pooling, plane by plane.
#include "variant.hpp"

namespace handgrad::HANDGRAD_VARIANT {
namespace {

// The first of equal maxima wins; a NaN counts as the largest.
template <class T>
void max_pool_forward(T* y, int32_t* winner, const T* x, const Pooling& g) {
    for (Size plane = 0; plane < g.planes; ++plane) {
        const T* image = x + plane * g.H * g.W;
        for (Size p = 0; p < g.P; ++p) {
            for (Size q = 0; q < g.Q; ++q) {
                Size place = p * g.s * g.W + q * g.t;
                T best = image[place];
                for (Size i = 0; i < g.K; ++i) {
                    for (Size j = 0; j < g.L; ++j) {
                        const Size candidate = (p * g.s + i) * g.W + q * g.t + j;
                        const T value = image[candidate];
                        const bool better = value > best || (value != value && best == best);
                        best = better ? value : best;
                        place = better ? candidate : place;
                    }
                }
                *y++ = best;
                *winner++ = int32_t(place);
            }
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
