// Losses: each sample's value and, where asked for, its gradient, in one visit to the row.
#include "math.hpp"

namespace handgrad::HANDGRAD_VARIANT {
namespace {

// Runs Row on each sample's row of P numbers; the gradient may be null.
template <auto Row, class T>
void each_row(T* losses, T* gradient, const T* y, const T* t, const T* factors, Size N, Size P) {
    for (Size n = 0; n < N; ++n) {
        losses[n] = Row(gradient ? gradient + n * P : nullptr, y + n * P, t + n * P, factors[n], P);
    }
}

constexpr Size block = 512;  // numbers whose exponentials are taken in one go: a row of few classes fills no vector

// What remains of a row: shifted = z − its maximum; returns Σ t · shifted.
template <class T>
inline T shift_row(T* __restrict shifted, const T* __restrict z, const T* __restrict t, Size P) {
    T largest = -T(INFINITY), fit = 0;
    HANDGRAD_SIMD_MAX(largest)
    for (Size k = 0; k < P; ++k) largest = z[k] > largest ? z[k] : largest;
    HANDGRAD_SIMD_SUM(fit)
    for (Size k = 0; k < P; ++k) {
        shifted[k] = z[k] - largest;
        fit += t[k] * shifted[k];
    }
    return fit;
}

// A block of rows, `e` room for their exponentials, which may be where the gradient goes.
// ℓ = Σt · log Σe − Σ t (z − max): no logarithm of a probability that underflowed.
template <class T>
void softmax_cross_entropy_rows(T* __restrict losses, T* dz, T* e, const T* z, const T* t,
                                const T* __restrict factors, Size N, Size P) {
    for (Size n = 0; n < N; ++n) losses[n] = shift_row(e + n * P, z + n * P, t + n * P, P);
    HANDGRAD_SIMD
    for (Size i = 0; i < N * P; ++i) e[i] = exponential(e[i]);
    for (Size n = 0; n < N; ++n) {
        T* row = e + n * P;
        const T* target = t + n * P;
        T total = 0, weight = 0;
        HANDGRAD_PRAGMA(omp simd reduction(+ : total, weight))
        for (Size k = 0; k < P; ++k) {
            total += row[k];
            weight += target[k];
        }
        losses[n] = weight * logarithm(total) - losses[n];
        if (!dz) continue;
        const T share = weight / total;
        HANDGRAD_SIMD
        for (Size k = 0; k < P; ++k) row[k] = factors[n] * (share * row[k] - target[k]);
    }
}

// The loss of a row that is wider than the room and whose exponentials nobody keeps.
template <class T>
T softmax_cross_entropy_of_wide_row(const T* __restrict z, const T* __restrict t, Size P) {
    T largest = -T(INFINITY), total = 0, weight = 0, fit = 0;
    HANDGRAD_SIMD_MAX(largest)
    for (Size k = 0; k < P; ++k) largest = z[k] > largest ? z[k] : largest;
    HANDGRAD_PRAGMA(omp simd reduction(+ : total, weight, fit))
    for (Size k = 0; k < P; ++k) {
        total += exponential(z[k] - largest);
        weight += t[k];
        fit += t[k] * (z[k] - largest);
    }
    return weight * logarithm(total) - fit;
}

template <class T>
void softmax_cross_entropy(T* losses, T* dz, const T* z, const T* t, const T* factors, Size N, Size P) {
    if (P > block && !dz) {
        for (Size n = 0; n < N; ++n) losses[n] = softmax_cross_entropy_of_wide_row(z + n * P, t + n * P, P);
        return;
    }
    T room[block];
    const Size rows = P < block ? block / P : 1;
    for (Size n = 0; n < N; n += rows) {
        const Size count = N - n < rows ? N - n : rows;
        T* e = dz ? dz + n * P : room;
        softmax_cross_entropy_rows(losses + n, dz, e, z + n * P, t + n * P, factors + n, count, P);
    }
}

template <class T>
T cross_entropy_row(T* __restrict dp, const T* __restrict p, const T* __restrict t, T factor, Size P) {
    const T tiny = Format<T>::smallest_normal;
    T fit = 0;
    HANDGRAD_SIMD_SUM(fit)
    for (Size k = 0; k < P; ++k) fit += t[k] * logarithm(p[k] < tiny ? tiny : p[k]);
    if (dp) {
        HANDGRAD_SIMD
        for (Size k = 0; k < P; ++k) dp[k] = factor * (-t[k] / (p[k] < tiny ? tiny : p[k]));
    }
    return -fit;
}

template <class T>
T binary_cross_entropy_row(T* __restrict dp, const T* __restrict p, const T* __restrict t, T factor, Size P) {
    const T tiny = Format<T>::smallest_normal;
    T fit = 0;
    HANDGRAD_SIMD_SUM(fit)
    for (Size k = 0; k < P; ++k) {
        const T yes = p[k] < tiny ? tiny : p[k], no = 1 - p[k] < tiny ? tiny : 1 - p[k];
        fit += t[k] * logarithm(yes) + (1 - t[k]) * logarithm(no);
    }
    if (dp) {
        HANDGRAD_SIMD
        for (Size k = 0; k < P; ++k) {
            const T yes = p[k] < tiny ? tiny : p[k], no = 1 - p[k] < tiny ? tiny : 1 - p[k];
            dp[k] = factor * ((1 - t[k]) / no - t[k] / yes);
        }
    }
    return -fit;
}

template <class T>
T squared_error_row(T* __restrict dy, const T* __restrict y, const T* __restrict t, T factor, Size P) {
    T sum = 0;
    HANDGRAD_SIMD_SUM(sum)
    for (Size k = 0; k < P; ++k) sum += (y[k] - t[k]) * (y[k] - t[k]);
    if (dy) {
        HANDGRAD_SIMD
        for (Size k = 0; k < P; ++k) dy[k] = factor * (y[k] - t[k]);
    }
    return T(0.5) * sum;
}

template <class T>
void fill(Table<T>& table) {
    table.softmax_cross_entropy = softmax_cross_entropy<T>;
    table.cross_entropy = each_row<cross_entropy_row<T>, T>;
    table.binary_cross_entropy = each_row<binary_cross_entropy_row<T>, T>;
    table.squared_error = each_row<squared_error_row<T>, T>;
}

}  // namespace

void fill_losses(Tables& tables) {
    fill(tables.floats);
    fill(tables.doubles);
}

}  // namespace handgrad::HANDGRAD_VARIANT
