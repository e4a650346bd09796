// Convolution without a copy of every window: each image is copied once into a frame of zeros, in which the taps of a
// window lie at fixed offsets; a tile of results (filters × columns) stays in registers while the taps are added up.
#include "vectors.hpp"

namespace handgrad::HANDGRAD_VARIANT {
namespace {

// An image inside zeros, as [channel][row][phase][column]: phase = column mod t, so that the columns which one tap
// sees from neighbouring places are neighbours for any stride t.
struct Frame {
    Size channels, rows, phases, columns, last;  // last: the columns of the image that some window sees
    Size row() const { return phases * columns; }
    Size image() const { return channels * rows * row(); }
};

template <class T>
Frame frame_for(Size channels, Size K, Size L, Size P, Size Q, Size s, Size t) {
    // Whole vectors are read: the columns go on to the end of the last one.
    return {channels, (P - 1) * s + K, t, round_up(Q, lanes<T>) + (L - 1) / t, (Q - 1) * t + L};
}

// Where each tap (c, i, j) of a window lies, from the window's corner.
void fill_offsets(Size* offsets, const Frame& frame, Size K, Size L) {
    for (Size c = 0; c < frame.channels; ++c) {
        for (Size i = 0; i < K; ++i) {
            for (Size j = 0; j < L; ++j) {
                *offsets++ = (c * frame.rows + i) * frame.row() + j % frame.phases * frame.columns + j / frame.phases;
            }
        }
    }
}

// Copies one image (channels, H, W) into a frame that was zero: pixel (h, w) to row h·down + top, column w·right + left.
template <class T>
void enter(T* to, const Frame& frame, const T* image, Size H, Size W, Size top, Size left, Size down, Size right) {
    const Size before = left < 0 ? (right - 1 - left) / right : 0;
    const Size after = (frame.last - left + right - 1) / right;
    const Size end = after < W ? after : W;
    if (end <= before) return;
    for (Size c = 0; c < frame.channels; ++c) {
        for (Size h = 0; h < H; ++h) {
            const Size row = h * down + top;
            if (row < 0 || row >= frame.rows) continue;
            T* into = to + (c * frame.rows + row) * frame.row();
            const T* from = image + (c * H + h) * W;
            if (right == 1 && frame.phases == 1) {
                memcpy(into + before + left, from + before, size_t(end - before) * sizeof(T));
                continue;
            }
            for (Size w = before; w < end; ++w) {
                const Size column = w * right + left;
                into[column % frame.phases * frame.columns + column / frame.phases] = from[w];
            }
        }
    }
}

template <class T>
void clear(T* values, Size count) {
    for (Size i = 0; i < count; ++i) values[i] = 0;
}

// ---------------------------------------------------------------------------------------------- results

// Filters over one framed image: y (F, P, Q), W (F, taps), b (F,) or null.
template <class T>
struct Sweep {
    T* y;
    const T *frame, *W, *b;
    const Size* offsets;
    Size taps, P, Q, step;  // step: from a window to the one below
};

// A tile of `filters` × `vectors` results in row p from column q on; the last vector counts `valid` columns.
template <int filters, int vectors, class T>
inline void result_tile(const Sweep<T>& sweep, Size f, Size p, Size q, Size valid) {
    Vector<T> sums[filters][vectors];
    for (int i = 0; i < filters; ++i) {
        const T start = sweep.b ? sweep.b[f + i] : T(0);
        for (int v = 0; v < vectors; ++v) sums[i][v] = Vector<T>{} + start;
    }
    const T* corner = sweep.frame + p * sweep.step + q;
    const T* W = sweep.W + f * sweep.taps;
    for (Size k = 0; k < sweep.taps; ++k) {
        Vector<T> x[vectors];
        for (int v = 0; v < vectors; ++v) x[v] = load(corner + sweep.offsets[k] + v * lanes<T>);
        for (int i = 0; i < filters; ++i) {
            const T w = W[i * sweep.taps + k];
            for (int v = 0; v < vectors; ++v) sums[i][v] += x[v] * w;
        }
    }
    for (int i = 0; i < filters; ++i) {
        T* y = sweep.y + ((f + i) * sweep.P + p) * sweep.Q + q;
        for (int v = 0; v < vectors - 1; ++v) store(y + v * lanes<T>, sums[i][v]);
        store_some(y + (vectors - 1) * lanes<T>, sums[i][vectors - 1], valid);
    }
}

template <int filters, int vectors, class T>
inline void result_row(const Sweep<T>& sweep, Size f, Size p, Size q) {
    constexpr Size width = vectors * lanes<T>;
    // As long as more than one vector less than the tile is left, the tile is worth its while.
    for (; sweep.Q - q > width - lanes<T>; q += width) {
        const Size left = sweep.Q - q;
        if (left >= width) {
            result_tile<filters, vectors>(sweep, f, p, q, lanes<T>);
        } else {
            result_tile<filters, vectors>(sweep, f, p, q, left - (width - lanes<T>));
        }
    }
    if constexpr (vectors > 1) {
        if (q < sweep.Q) result_row<filters, vectors / 2>(sweep, f, p, q);
    }
}

// Few filters take longer rows, so that enough sums are under way to hide the latency of an addition.
template <int filters, class T>
void result_rows(const Sweep<T>& sweep, Size f) {
    for (Size p = 0; p < sweep.P; ++p) result_row<filters, (filters > 2 ? 2 : 4)>(sweep, f, p, 0);
}

template <class T>
void sweep_image(const Sweep<T>& sweep, Size F) {
    Size f = 0;
    for (; f + 4 <= F; f += 4) result_rows<4>(sweep, f);
    switch (F - f) {
        case 3: return result_rows<3>(sweep, f);
        case 2: return result_rows<2>(sweep, f);
        case 1: return result_rows<1>(sweep, f);
    }
}

template <class T>
void conv2d_forward(T* y, const T* x, const T* W, const T* b, const Convolution& g, Scratch scratch) {
    const Frame frame = frame_for<T>(g.C, g.K, g.L, g.P, g.Q, g.s, g.t);
    const Size taps = g.C * g.K * g.L;
    Size* offsets = static_cast<Size*>(scratch(taps * Size(sizeof(Size)) + frame.image() * Size(sizeof(T))));
    T* framed = reinterpret_cast<T*>(offsets + taps);
    fill_offsets(offsets, frame, g.K, g.L);
    clear(framed, frame.image());
    for (Size n = 0; n < g.N; ++n) {
        enter(framed, frame, x + n * g.C * g.H * g.W, g.H, g.W, g.top, g.left, 1, 1);
        sweep_image(Sweep<T>{y + n * g.F * g.P * g.Q, framed, W, b, offsets, taps, g.P, g.Q, g.s * frame.row()}, g.F);
    }
}

// ---------------------------------------------------------------------------------------------- gradient by the input

// dx is the sweep of the filters, turned by 180° and with channels and filters exchanged, over dy; a stride of the way
// forward spreads dy out among zeros.
template <class T>
void input_gradient(T* dx, const T* dy, const T* W, const Convolution& g, Scratch scratch) {
    const Frame frame = frame_for<T>(g.F, g.K, g.L, g.H, g.W, 1, 1);
    const Size taps = g.F * g.K * g.L;
    const Size numbers = frame.image() + g.C * taps;
    Size* offsets = static_cast<Size*>(scratch(taps * Size(sizeof(Size)) + numbers * Size(sizeof(T))));
    T* framed = reinterpret_cast<T*>(offsets + taps);
    T* turned = framed + frame.image();
    fill_offsets(offsets, frame, g.K, g.L);
    clear(framed, frame.image());
    for (Size c = 0; c < g.C; ++c) {
        for (Size f = 0; f < g.F; ++f) {
            const T* filter = W + (f * g.C + c) * g.K * g.L;
            T* to = turned + (c * g.F + f) * g.K * g.L;
            for (Size i = 0; i < g.K * g.L; ++i) to[i] = filter[g.K * g.L - 1 - i];
        }
    }
    for (Size n = 0; n < g.N; ++n) {
        const T* image = dy + n * g.F * g.P * g.Q;
        enter(framed, frame, image, g.P, g.Q, g.K - 1 - g.top, g.L - 1 - g.left, g.s, g.t);
        T* to = dx + n * g.C * g.H * g.W;
        sweep_image(Sweep<T>{to, framed, turned, nullptr, offsets, taps, g.H, g.W, frame.row()}, g.C);
    }
}

// ---------------------------------------------------------------------------------------------- gradient by the filters

// dW (F, taps) += Σ over `images`, p, q of dy · x; the rows of dy (images, F, P, width) end in zeros.
template <class T>
struct Correlation {
    T* dW;
    const T *frame, *dy;
    const Size* offsets;
    Size images, image, F, taps, P, Q, width, step;
};

template <int filters, int places, class T>
void filter_tile(const Correlation<T>& all, Size f, Size k) {
    Vector<T> sums[filters][places] = {};
    const Size whole = all.Q / lanes<T> * lanes<T>;
    const Mask<T> rest = first_lanes<T>(all.Q - whole);
    Size offsets[places];
    for (int j = 0; j < places; ++j) offsets[j] = all.offsets[k + j];
    for (Size n = 0; n < all.images; ++n) {
        for (Size p = 0; p < all.P; ++p) {
            const T* x = all.frame + n * all.image + p * all.step;
            const T* dy = all.dy + ((n * all.F + f) * all.P + p) * all.width;
            for (Size q = 0; q < all.Q; q += lanes<T>) {
                Vector<T> d[filters];
                for (int i = 0; i < filters; ++i) d[i] = load(dy + i * all.P * all.width + q);
                for (int j = 0; j < places; ++j) {
                    Vector<T> v = load(x + offsets[j] + q);
                    // Behind the last column dy is 0, but 0 times an infinite pixel would be NaN.
                    if (q == whole) v = keep<T>(v, rest);
                    for (int i = 0; i < filters; ++i) sums[i][j] += d[i] * v;
                }
            }
        }
    }
    for (int i = 0; i < filters; ++i) {
        for (int j = 0; j < places; ++j) all.dW[(f + i) * all.taps + k + j] += sum_lanes<T>(sums[i][j]);
    }
}

template <int filters, class T>
void filter_tiles(const Correlation<T>& all, Size f) {
    Size k = 0;
    for (; k + 3 <= all.taps; k += 3) filter_tile<filters, 3>(all, f, k);
    switch (all.taps - k) {
        case 2: return filter_tile<filters, 2>(all, f, k);
        case 1: return filter_tile<filters, 1>(all, f, k);
    }
}

template <class T>
void correlate(const Correlation<T>& all) {
    Size f = 0;
    for (; f + 4 <= all.F; f += 4) filter_tiles<4>(all, f);
    switch (all.F - f) {
        case 3: return filter_tiles<3>(all, f);
        case 2: return filter_tiles<2>(all, f);
        case 1: return filter_tiles<1>(all, f);
    }
}

template <class T>
void filter_gradient(T* dW, const T* dy, const T* x, const Convolution& g, Scratch scratch) {
    const Frame frame = frame_for<T>(g.C, g.K, g.L, g.P, g.Q, g.s, g.t);
    const Size taps = g.C * g.K * g.L, width = round_up(g.Q, lanes<T>), rows = g.F * g.P;
    // As many images at a time as stay in the cache: sums are taken out of the registers once a group.
    const Size each = frame.image() + rows * width;
    const Size fitting = 128 * 1024 / (each * Size(sizeof(T)));
    const Size group = fitting < 1 ? 1 : fitting < g.N ? fitting : g.N;
    Size* offsets = static_cast<Size*>(scratch(taps * Size(sizeof(Size)) + group * each * Size(sizeof(T))));
    T* framed = reinterpret_cast<T*>(offsets + taps);
    T* widened = framed + group * frame.image();
    fill_offsets(offsets, frame, g.K, g.L);
    clear(framed, group * each);
    clear(dW, g.F * taps);
    for (Size from = 0; from < g.N; from += group) {
        const Size images = g.N - from < group ? g.N - from : group;
        for (Size n = 0; n < images; ++n) {
            const T* image = x + (from + n) * g.C * g.H * g.W;
            enter(framed + n * frame.image(), frame, image, g.H, g.W, g.top, g.left, 1, 1);
            for (Size row = 0; row < rows; ++row) {
                const T* line = dy + ((from + n) * rows + row) * g.Q;
                memcpy(widened + (n * rows + row) * width, line, size_t(g.Q) * sizeof(T));
            }
        }
        correlate(Correlation<T>{dW, framed, widened, offsets, images, frame.image(), g.F, taps, g.P, g.Q, width,
                                 g.s * frame.row()});
    }
}

// ---------------------------------------------------------------------------------------------- all gradients

template <class T>
void bias_gradient(T* db, const T* __restrict dy, const Convolution& g) {
    const Size places = g.P * g.Q;
    clear(db, g.F);
    for (Size row = 0; row < g.N * g.F; ++row) {
        T sum = 0;
        HANDGRAD_SIMD_SUM(sum)
        for (Size i = 0; i < places; ++i) sum += dy[row * places + i];
        db[row % g.F] += sum;
    }
}

template <class T>
void conv2d_backward(T* dx, T* dW, T* db, const T* dy, const T* x, const T* W, const Convolution& g,
                     Scratch scratch) {
    if (db) bias_gradient(db, dy, g);
    if (dW) filter_gradient(dW, dy, x, g, scratch);
    if (dx) input_gradient(dx, dy, W, g, scratch);
}

template <class T>
void fill(Table<T>& table) {
    table.conv2d_forward = conv2d_forward<T>;
    table.conv2d_backward = conv2d_backward<T>;
}

}  // namespace

void fill_convolution(Tables& tables) {
    fill(tables.floats);
    fill(tables.doubles);
}

}  // namespace handgrad::HANDGRAD_VARIANT
