// Batch normalisation over values (N, C, L). Sums are added up in double.
#include "math.hpp"

namespace handgrad::HANDGRAD_VARIANT {
namespace {

constexpr Size block = 32;  // channels treated together, so that their sums fit on the stack

// sums[c] = Σ over n and l of term(channel, place) for `count` channels from `from`. Samples of one value a channel lie
// with the channels side by side, and are gone through in that order.
template <class Term>
inline void sum_channels(double* __restrict sums, Size from, Size count, const Channels& g, Term term) {
    for (Size c = 0; c < count; ++c) sums[c] = 0;
    for (Size n = 0; n < g.N; ++n) {
        if (g.L == 1) {
            const Size row = n * g.C + from;
            HANDGRAD_SIMD
            for (Size c = 0; c < count; ++c) sums[c] += term(from + c, row + c);
        } else {
            for (Size c = 0; c < count; ++c) {
                const Size row = (n * g.C + from + c) * g.L;
                double sum = 0;
                HANDGRAD_SIMD_SUM(sum)
                for (Size l = 0; l < g.L; ++l) sum += term(from + c, row + l);
                sums[c] += sum;
            }
        }
    }
}

// Calls act(channel, place) for every value.
template <class Act>
inline void each_value(const Channels& g, Act act) {
    for (Size n = 0; n < g.N; ++n) {
        if (g.L == 1) {
            HANDGRAD_SIMD
            for (Size c = 0; c < g.C; ++c) act(c, n * g.C + c);
        } else {
            for (Size c = 0; c < g.C; ++c) {
                const Size row = (n * g.C + c) * g.L;
                HANDGRAD_SIMD
                for (Size l = 0; l < g.L; ++l) act(c, row + l);
            }
        }
    }
}

template <class T>
void batch_statistics(T* mean, T* inverse_std, T* running_mean, T* running_variance, const T* __restrict x,
                      const Channels& g, double epsilon, double momentum) {
    const double m = double(g.N * g.L);
    double means[block], variances[block];
    for (Size from = 0; from < g.C; from += block) {
        const Size count = g.C - from < block ? g.C - from : block;
        sum_channels(means, from, count, g, [&](Size, Size i) { return double(x[i]); });
        for (Size c = 0; c < count; ++c) means[c] /= m;
        sum_channels(variances, from, count, g, [&](Size c, Size i) {
            const double difference = double(x[i]) - means[c - from];
            return difference * difference;
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
    }
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
        each_value(g, [=](Size c, Size i) { y[i] = scale[c] * ((x[i] - mean[c]) * inverse_std[c]) + shift[c]; });
    } else {
        each_value(g, [=](Size c, Size i) { y[i] = (x[i] - mean[c]) * inverse_std[c]; });
    }
}

template <class T>
void batch_norm_backward(T* __restrict dx, T* dscale, T* dshift, const T* __restrict dy, const T* __restrict x,
                         const T* __restrict mean, const T* __restrict inverse_std, const T* __restrict scale,
                         const Channels& all, bool of_batch) {
    const double m = double(all.N * all.L);
    double sum_dy[block], sum_dy_x_hat[block];
    T offset[block], slope[block], tilt[block];
    for (Size from = 0; from < all.C; from += block) {
        const Size count = all.C - from < block ? all.C - from : block;
        sum_channels(sum_dy, from, count, all, [=](Size, Size i) { return double(dy[i]); });
        sum_channels(sum_dy_x_hat, from, count, all,
                     [=](Size c, Size i) { return double(dy[i] * ((x[i] - mean[c]) * inverse_std[c])); });
        for (Size c = 0; c < count; ++c) {
            if (dshift) dshift[from + c] = T(sum_dy[c]);
            if (dscale) dscale[from + c] = T(sum_dy_x_hat[c]);
            offset[c] = T(sum_dy[c] / m);
            tilt[c] = T(sum_dy_x_hat[c] / m);
            slope[c] = scale ? scale[from + c] * inverse_std[from + c] : inverse_std[from + c];
        }
        if (!dx) continue;
        for (Size n = 0; n < all.N; ++n) {
            for (Size c = 0; c < count; ++c) {
                const Size row = (n * all.C + from + c) * all.L;
                const T middle = mean[from + c], inverse = inverse_std[from + c];
                if (of_batch) {
                    HANDGRAD_SIMD
                    for (Size i = row; i < row + all.L; ++i) {
                        dx[i] = slope[c] * (dy[i] - offset[c] - (x[i] - middle) * inverse * tilt[c]);
                    }
                } else {
                    HANDGRAD_SIMD
                    for (Size i = row; i < row + all.L; ++i) dx[i] = slope[c] * dy[i];
                }
            }
        }
    }
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
