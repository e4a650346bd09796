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

// ℓ = Σt · log Σe − Σ t (z − max): no logarithm of a probability that underflowed.
template <class T>
T softmax_cross_entropy_row(T* __restrict dz, const T* __restrict z, const T* __restrict t, T factor, Size P) {
    T largest = -T(INFINITY), total = 0, weight = 0, fit = 0;
    HANDGRAD_SIMD_MAX(largest)
    for (Size k = 0; k < P; ++k) largest = z[k] > largest ? z[k] : largest;
    if (!dz) {
        HANDGRAD_PRAGMA(omp simd reduction(+ : total, weight, fit))
        for (Size k = 0; k < P; ++k) {
            total += exponential(z[k] - largest);
            weight += t[k];
            fit += t[k] * (z[k] - largest);
        }
        return weight * logarithm(total) - fit;
    }
    HANDGRAD_PRAGMA(omp simd reduction(+ : total, weight, fit))
    for (Size k = 0; k < P; ++k) {
        dz[k] = exponential(z[k] - largest);
        total += dz[k];
        weight += t[k];
        fit += t[k] * (z[k] - largest);
    }
    HANDGRAD_SIMD
    for (Size k = 0; k < P; ++k) dz[k] = factor * (weight * dz[k] / total - t[k]);
    return weight * logarithm(total) - fit;
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
    table.softmax_cross_entropy = each_row<softmax_cross_entropy_row<T>, T>;
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
