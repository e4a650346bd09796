// Pooling, plane by plane.
#include "vectors.hpp"

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

// Where value is to replace best: it is larger, or the first NaN.
template <class T>
inline Mask<T> better(Vector<T> value, Vector<T> best) {
    return ~(value <= best) & (best == best);
}

// The same over windows of 2 × 2 side by side, the common kind, for rows of at least one vector of results; the last
// vector of a row is laid over its end.
template <class T>
void max_pool_row_of_twos(T* y, int32_t* winner, const T* image, Size first, const Pooling& g) {
    using Integer = typename Lanes<T>::Integer;
    typedef int32_t Short __attribute__((vector_size(sizeof(int32_t) * lanes<T>)));
    Mask<T> corner;
    for (Size i = 0; i < lanes<T>; ++i) corner[i] = Integer(first + 2 * i);
    const Integer W = Integer(g.W);
    for (Size from = 0; from < g.Q; from += lanes<T>) {
        const Size q = from + lanes<T> <= g.Q ? from : g.Q - lanes<T>;
        const T *upper = image + first + 2 * q, *lower = upper + g.W;
        const Vector<T> u0 = load(upper), u1 = load(upper + lanes<T>), l0 = load(lower), l1 = load(lower + lanes<T>);
        Vector<T> best = evens<T>(u0, u1);
        Mask<T> place = corner + Integer(2 * q);
        const Vector<T> candidates[] = {odds<T>(u0, u1), evens<T>(l0, l1), odds<T>(l0, l1)};
        const Integer steps[] = {1, W, W + 1};
        Mask<T> step = {};
        for (int i = 0; i < 3; ++i) {
            const Mask<T> won = better<T>(candidates[i], best);
            best = won ? candidates[i] : best;
            step = won ? Mask<T>{} + steps[i] : step;
        }
        store(y + q, best);
        place += step;
        const Short places = __builtin_convertvector(place, Short);
        memcpy(winner + q, &places, sizeof places);
    }
}

template <class T>
void max_pool_forward(T* y, int32_t* winner, const T* x, const Pooling& g) {
    const bool twos = g.K == 2 && g.L == 2 && g.t == 2 && g.Q >= lanes<T>;
    for (Size plane = 0; plane < g.planes; ++plane) {
        for (Size p = 0; p < g.P; ++p) {
            (twos ? max_pool_row_of_twos<T> : max_pool_row<T>)(y, winner, x + plane * g.H * g.W, p * g.s * g.W, g);
            y += g.Q;
            winner += g.Q;
        }
    }
}

template <class T>
void max_pool_backward(T* dx, const T* dy, const int32_t* winner, Size planes, Size image, Size result) {
    for (Size plane = 0; plane < planes; ++plane, dx += image, dy += result, winner += result) {
        for (Size i = 0; i < image; ++i) dx[i] = 0;
        for (Size r = 0; r < result; ++r) dx[winner[r]] += dy[r];
    }
}

// Are all of them within 0 … end − 1?
bool all_inside(const int32_t* places, Size count, int32_t end) {
    uint32_t outside = 0;
    HANDGRAD_PRAGMA(omp simd reduction(| : outside))
    for (Size i = 0; i < count; ++i) outside |= uint32_t(places[i]) >= uint32_t(end) ? 1u : 0u;
    return outside == 0;
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
    for (Size plane = 0; plane < g.planes; ++plane, dx += g.H * g.W) {
        for (Size i = 0; i < g.H * g.W; ++i) dx[i] = 0;
        for (Size p = 0; p < g.P; ++p) {
            T* rows = dx + p * g.s * g.W;
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
    table.all_inside = all_inside;
    table.avg_pool_forward = avg_pool_forward<T>;
    table.avg_pool_backward = avg_pool_backward<T>;
}

}  // namespace

void fill_pooling(Tables& tables) {
    fill(tables.floats);
    fill(tables.doubles);
}

}  // namespace handgrad::HANDGRAD_VARIANT
