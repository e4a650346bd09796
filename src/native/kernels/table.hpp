// What one build of the kernels offers: a table of functions for float and one for double.
// Every file of this folder is compiled once for each kind of processor, each time into a namespace of its own
// (HANDGRAD_VARIANT); bindings/ picks a table when the module is loaded. So that no machine code of one variant is
// taken for another's, these files use no template or inline function of the standard library.
// Destinations come first and alias nothing (but for elementwise activations); shape letters as in
// src/handgrad/kernels/reference.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace handgrad {

using Size = ptrdiff_t;
using Scratch = void* (*)(Size bytes);  // aligned for every vector type

// Images (N, C, H, W), filters (F, C, K, L), results (N, F, P, Q); strides (s, t), zeros before the image (top, left).
// Where these are some of a layer's filters, `filters` counts all, whose results lie side by side.
struct Convolution {
    Size N, C, H, W, F, K, L, P, Q, s, t, top, left, filters;
    Size image() const { return C * H * W; }
    Size result() const { return F * P * Q; }
};

// Images (N, C, H, W) with N·C = planes; results P × Q; windows K × L moved by (s, t).
struct Pooling {
    Size planes, H, W, K, L, P, Q, s, t;
    Size image() const { return H * W; }
    Size result() const { return P * Q; }
};

// Values (N, C, L): N samples, C channels, L values of a sample in a channel.
struct Channels {
    Size N, C, L;
    // How many channels a thread takes at least: where they lie side by side, a line of the cache.
    Size grain() const { return L == 1 ? 16 : 1; }
};

struct Adam {
    double learning_rate, beta1, beta2, epsilon, correction1, correction2, weight_decay;
};

template <class T>
struct Table {
    using Number = T;
    // input
    void (*gather_bytes)(T* x, const uint8_t* images, const int64_t* indices, Size N, Size D, T scale, T offset);
    void (*gather_floats)(T* x, const float* images, const int64_t* indices, Size N, Size D, T scale, T offset);
    void (*gather_doubles)(T* x, const double* images, const int64_t* indices, Size N, Size D, T scale, T offset);
    void (*one_hot)(T* t, const int64_t* labels, Size N, Size P);
    // dense
    void (*add_bias)(T* y, const T* b, Size N, Size M, Size stride);
    void (*sum_rows)(T* db, const T* dy, Size N, Size M, Size stride);
    // dense, one sample
    void (*row_forward)(T* y, const T* x, const T* W, const T* b, Size D, Size M);
    void (*row_weights)(T* dW, const T* dy, const T* x, Size D, Size M);
    void (*row_inputs)(T* dx, const T* dy, const T* W, Size D, Size M);
    // dense, zeros of x passed over
    Size (*count_nonzero)(const T* x, Size count);
    void (*sparse_forward)(T* y, const T* x, const T* W, const T* b, Size N, Size D, Size M, Scratch scratch);
    void (*sparse_weights)(T* dW, const T* dy, const T* x, Size N, Size D, Size M, Size from, Size to,
                           Scratch scratch);
    // activations
    void (*relu_forward)(T* y, const T* x, Size count);
    void (*relu_backward)(T* dx, const T* dy, const T* y, Size count);
    void (*tanh_forward)(T* y, const T* x, Size count);
    void (*tanh_backward)(T* dx, const T* dy, const T* y, Size count);
    void (*sigmoid_forward)(T* y, const T* x, Size count);
    void (*sigmoid_backward)(T* dx, const T* dy, const T* y, Size count);
    void (*softmax_forward)(T* y, const T* x, Size N, Size P);
    void (*softmax_backward)(T* dx, const T* dy, const T* y, Size N, Size P);
    // losses: the gradient may be null
    void (*softmax_cross_entropy)(T* losses, T* dz, const T* z, const T* t, const T* factors, Size N, Size P);
    void (*cross_entropy)(T* losses, T* dp, const T* p, const T* t, const T* factors, Size N, Size P);
    void (*binary_cross_entropy)(T* losses, T* dp, const T* p, const T* t, const T* factors, Size N, Size P);
    void (*squared_error)(T* losses, T* dy, const T* y, const T* t, const T* factors, Size N, Size P);
    // penalty
    double (*sum_absolute)(const T* W, Size count);
    double (*sum_squares)(const T* W, Size count);
    void (*add_penalty_gradient)(T* dW, const T* W, Size count, T l1, T l2);
    // optimisers
    void (*sgd_update)(T* theta, const T* grad, Size count, T learning_rate);
    void (*momentum_update)(T* theta, T* velocity, const T* grad, Size count, T learning_rate, T momentum);
    void (*nesterov_update)(T* theta, T* velocity, const T* grad, Size count, T learning_rate, T momentum);
    void (*rmsprop_update)(T* theta, T* square, const T* grad, Size count, T learning_rate, double decay, T epsilon);
    void (*adam_update)(T* theta, T* first, T* second, const T* grad, Size count, const Adam& settings);
    // dropout
    void (*dropout_forward)(T* y, T* mask, const T* x, const float* uniform, Size count, double keep_probability);
    void (*dropout_backward)(T* dx, const T* dy, const T* mask, Size count);
    // pooling
    void (*max_pool_forward)(T* y, int32_t* winner, const T* x, const Pooling& g);
    void (*max_pool_backward)(T* dx, const T* dy, const int32_t* winner, Size planes, Size image, Size result);
    bool (*all_inside)(const int32_t* places, Size count, int32_t end);
    void (*avg_pool_forward)(T* y, const T* x, const Pooling& g);
    void (*avg_pool_backward)(T* dx, const T* dy, const Pooling& g);
    // batch normalisation: the running statistics, scale and shift, and every gradient may be null; the channels from
    // first to end
    void (*batch_statistics)(T* mean, T* inverse_std, T* running_mean, T* running_variance, const T* x,
                             const Channels& g, double epsilon, double momentum, Size first, Size end);
    void (*running_statistics)(T* mean, T* inverse_std, const T* running_mean, const T* running_variance, Size C,
                               double epsilon);
    void (*batch_norm_forward)(T* y, const T* x, const T* mean, const T* inverse_std, const T* scale, const T* shift,
                               const Channels& g);
    void (*batch_norm_backward)(T* dx, T* dscale, T* dshift, const T* dy, const T* x, const T* mean,
                                const T* inverse_std, const T* scale, const Channels& g, bool of_batch, Size first,
                                Size end);
    // convolution: every gradient may be null; scratch gives memory that stays good until it is asked again
    void (*conv2d_forward)(T* y, const T* x, const T* W, const T* b, const Convolution& g, Scratch scratch);
    void (*conv2d_backward)(T* dx, T* dW, T* db, const T* dy, const T* x, const T* W, const Convolution& g,
                            Scratch scratch);
};

struct Tables {
    Table<float> floats;
    Table<double> doubles;
};

}  // namespace handgrad
