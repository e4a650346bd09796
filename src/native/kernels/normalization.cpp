// Batch normalisation over values (N, C, L). Sums are added up in double. Channels are treated one after the other,
// so that what was read for one sum is still near for the next.
#include "math.hpp"

namespace handgrad::HANDGRAD_VARIANT {
namespace {

constexpr Size block = 32;  // units treated together where a channel has one value a sample: they lie side by side

// one[c] = Σ over n and l of the first number that terms(channel, place) gives, other[c] of the second, for the `count`
// channels from `from`.
template <class Terms>
inline void sum_channels(double* __restrict one, double* __restrict other, Size from, Size count, const Channels& g,
                         Terms terms) {
    for (Size c = 0; c < count; ++c) one[c] = other[c] = 0;
    for (Size n = 0; n < g.N; ++n) {
        if (g.L == 1) {
            const Size row = n * g.C + from;
            HANDGRAD_SIMD
            for (Size c = 0; c < count; ++c) {
                const auto [a, b] = terms(from + c, row + c);
                one[c] += double(a);
                other[c] += double(b);
            }
            continue;
        }
        for (Size c = 0; c < count; ++c) {
            const Size row = (n * g.C + from + c) * g.L;
            double first = 0, second = 0;
            HANDGRAD_PRAGMA(omp simd reduction(+ : first, second))
            for (Size i = row; i < row + g.L; ++i) {
                const auto [a, b] = terms(from + c, i);
                first += double(a);
                second += double(b);
            }
            one[c] += first;
            other[c] += second;
        }
    }
}

template <class A, class B>
struct Both {
    A a;
    B b;
};

// Calls act(from, count) for groups of channels that are treated together.
template <class Act>
inline void each_group(Size from, Size to, const Channels& g, Act act) {
    const Size most = g.L == 1 ? block : 1;
    for (; from < to; from += most) act(from, to - from < most ? to - from : most);
}

// Calls act(channel, place) for every value of the channels.
template <class Act>
inline void each_value(Size from, Size count, const Channels& g, Act act) {
    for (Size n = 0; n < g.N; ++n) {
        if (g.L == 1) {
            HANDGRAD_SIMD
            for (Size c = from; c < from + count; ++c) act(c, n * g.C + c);
        } else {
            for (Size c = from; c < from + count; ++c) {
                const Size row = (n * g.C + c) * g.L;
                HANDGRAD_SIMD
                for (Size l = 0; l < g.L; ++l) act(c, row + l);
            }
        }
    }
}

template <class T>
void batch_statistics(T* mean, T* inverse_std, T* running_mean, T* running_variance, const T* __restrict x,
                      const Channels& g, double epsilon, double momentum, Size first, Size end) {
    const double m = double(g.N * g.L);
    double means[block], variances[block], unused[block];
    each_group(first, end, g, [&](Size from, Size count) {
        sum_channels(means, unused, from, count, g, [&](Size, Size i) { return Both<T, T>{x[i], 0}; });
        for (Size c = 0; c < count; ++c) means[c] /= m;
        sum_channels(variances, unused, from, count, g, [&](Size c, Size i) {
            const double difference = double(x[i]) - means[c - from];
            return Both<double, T>{difference * difference, 0};
        });
        for (Size c = 0; c < count; ++c) {
            const double variance = variances[c] / m;
            mean[from + c] = T(means[c]);
            inverse_std[from + c] = T(1 / square_root(variance + epsilon));
            if (running_mean) {
                T& running = running_mean[from + c];
                running = T(momentum * double(running) + (1 - momentum) * means[c]);
            }
            if (running_variance) {
                const double unbiased = variance * m / (m > 1 ? m - 1 : 1);
                T& running = running_variance[from + c];
                running = T(momentum * double(running) + (1 - momentum) * unbiased);
            }
        }
    });
}

template <class T>
void running_statistics(T* __restrict mean, T* __restrict inverse_std, const T* __restrict running_mean,
                        const T* __restrict running_variance, Size C, double epsilon) {
    for (Size c = 0; c < C; ++c) {
        mean[c] = running_mean[c];
        inverse_std[c] = 1 / square_root(running_variance[c] + T(epsilon));
    }
}

template <class T>
void batch_norm_forward(T* __restrict y, const T* __restrict x, const T* __restrict mean,
                        const T* __restrict inverse_std, const T* __restrict scale, const T* __restrict shift,
                        const Channels& g) {
    if (scale && shift) {
        each_value(0, g.C, g, [=](Size c, Size i) { y[i] = scale[c] * ((x[i] - mean[c]) * inverse_std[c]) + shift[c]; });
    } else {
        each_value(0, g.C, g, [=](Size c, Size i) { y[i] = (x[i] - mean[c]) * inverse_std[c]; });
    }
}

template <class T>
void batch_norm_backward(T* __restrict dx, T* dscale, T* dshift, const T* __restrict dy, const T* __restrict x,
                         const T* __restrict mean, const T* __restrict inverse_std, const T* __restrict scale,
                         const Channels& g, bool of_batch, Size first, Size end) {
    const double m = double(g.N * g.L);
    double sum_dy[block], sum_dy_x_hat[block];
    T offsets[block], slopes[block], tilts[block];
    each_group(first, end, g, [&](Size from, Size count) {
        sum_channels(sum_dy, sum_dy_x_hat, from, count, g, [=](Size c, Size i) {
            return Both<T, T>{dy[i], dy[i] * ((x[i] - mean[c]) * inverse_std[c])};
        });
        for (Size c = 0; c < count; ++c) {
            if (dshift) dshift[from + c] = T(sum_dy[c]);
            if (dscale) dscale[from + c] = T(sum_dy_x_hat[c]);
            offsets[c] = T(sum_dy[c] / m);
            tilts[c] = T(sum_dy_x_hat[c] / m);
            slopes[c] = scale ? scale[from + c] * inverse_std[from + c] : inverse_std[from + c];
        }
        if (!dx) return;
        const T *slope = slopes - from, *offset = offsets - from, *tilt = tilts - from;
        if (of_batch) {
            each_value(from, count, g, [=](Size c, Size i) {
                dx[i] = slope[c] * (dy[i] - offset[c] - (x[i] - mean[c]) * inverse_std[c] * tilt[c]);
            });
        } else {
            each_value(from, count, g, [=](Size c, Size i) { dx[i] = slope[c] * dy[i]; });
        }
    });
}

template <class T>
void fill(Table<T>& table) {
    table.batch_statistics = batch_statistics<T>;
    table.running_statistics = running_statistics<T>;
    table.batch_norm_forward = batch_norm_forward<T>;
    table.batch_norm_backward = batch_norm_backward<T>;
}

}  // namespace

void fill_normalization(Tables& tables) {
    fill(tables.floats);
    fill(tables.doubles);
}

}  // namespace handgrad::HANDGRAD_VARIANT
