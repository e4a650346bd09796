// Convolution without a copy of every window: each image is copied once into a frame of zeros, in which the taps of a
// window lie at fixed offsets; a tile of results (filters × vectors of neighbouring columns) stays in registers while
// the taps are added up.
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

// A vector of neighbouring results: where its first window lies in the frame, and its place in the result.
struct Spot {
    Size from, to;
};

// All of them: first the `whole` ones, then those at the ends of rows, of which only `rest` lanes count. Where results
// are stored and not added up, the end of a row is a whole vector too, laid over the one before.
template <class T>
struct Spots {
    const Spot* all;
    Size whole, count, rest;

    static Size number(Size P, Size Q) { return P * (round_up(Q, lanes<T>) / lanes<T>); }

    // step: from a window to the one below; row: from a row of results to the next.
    Spots(Spot* to, Size P, Size Q, Size step, Size row, bool stored)
        : all(to), whole(P * (Q / lanes<T>)), count(number(P, Q)), rest(Q % lanes<T>) {
        for (Size p = 0; p < P; ++p) {
            for (Size q = 0; q + lanes<T> <= Q; q += lanes<T>) *to++ = {p * step + q, p * row + q};
        }
        if (!rest) return;
        const bool over = stored && Q >= lanes<T>;
        const Size end = over ? Q - lanes<T> : Q - rest;
        for (Size p = 0; p < P; ++p) *to++ = {p * step + end, p * row + end};
        if (over) whole = count;
    }
};

// ---------------------------------------------------------------------------------------------- results

// Filters over one framed image: y (F, places), W (F, taps), b (F,) or null.
template <class T>
struct Sweep {
    T* y;
    const T *frame, *W, *b;
    const Size* offsets;
    Size taps, places;
};

template <int filters, int vectors, class T>
inline void result_tile(const Sweep<T>& sweep, Size f, const Spot* spots, Size valid) {
    Vector<T> sums[filters][vectors];
    for (int i = 0; i < filters; ++i) {
        const T start = sweep.b ? sweep.b[f + i] : T(0);
        for (int v = 0; v < vectors; ++v) sums[i][v] = Vector<T>{} + start;
    }
    const T* corners[vectors];
    for (int v = 0; v < vectors; ++v) corners[v] = sweep.frame + spots[v].from;
    const T* W = sweep.W + f * sweep.taps;
    for (Size k = 0; k < sweep.taps; ++k) {
        Vector<T> x[vectors];
        for (int v = 0; v < vectors; ++v) x[v] = load(corners[v] + sweep.offsets[k]);
        for (int i = 0; i < filters; ++i) {
            const T w = W[i * sweep.taps + k];
            for (int v = 0; v < vectors; ++v) sums[i][v] += x[v] * w;
        }
    }
    for (int i = 0; i < filters; ++i) {
        for (int v = 0; v < vectors; ++v) {
            T* y = sweep.y + (f + i) * sweep.places + spots[v].to;
            if (valid == lanes<T>) {
                store(y, sums[i][v]);
            } else {
                store_some<T>(y, sums[i][v], valid);
            }
        }
    }
}

template <int filters, int vectors, class T>
void result_tiles(const Sweep<T>& sweep, Size f, const Spot* spots, Size count, Size valid) {
    for (; count >= vectors; count -= vectors, spots += vectors) {
        result_tile<filters, vectors>(sweep, f, spots, valid);
    }
    if constexpr (vectors > 1) result_tiles<filters, vectors / 2>(sweep, f, spots, count, valid);
}

// Few filters take more vectors, so that enough sums are under way to hide the latency of an addition.
template <int filters, class T>
void result_planes(const Sweep<T>& sweep, Size f, const Spots<T>& spots) {
    constexpr int vectors = filters > 2 ? 2 : 4;
    result_tiles<filters, vectors>(sweep, f, spots.all, spots.whole, lanes<T>);
    result_tiles<filters, vectors>(sweep, f, spots.all + spots.whole, spots.count - spots.whole, spots.rest);
}

template <class T>
void sweep_image(const Sweep<T>& sweep, Size F, const Spots<T>& spots) {
    Size f = 0;
    for (; f + 4 <= F; f += 4) result_planes<4>(sweep, f, spots);
    switch (F - f) {
        case 3: return result_planes<3>(sweep, f, spots);
        case 2: return result_planes<2>(sweep, f, spots);
        case 1: return result_planes<1>(sweep, f, spots);
    }
}

template <class T>
void conv2d_forward(T* y, const T* x, const T* W, const T* b, const Convolution& g, Scratch scratch) {
    const Frame frame = frame_for<T>(g.C, g.K, g.L, g.P, g.Q, g.s, g.t);
    const Size taps = g.C * g.K * g.L, number = Spots<T>::number(g.P, g.Q);
    Pieces pieces{static_cast<char*>(
        scratch(Pieces::bytes<Size>(taps) + Pieces::bytes<Spot>(number) + Pieces::bytes<T>(frame.image())))};
    Size* offsets = pieces.take<Size>(taps);
    const Spots<T> spots(pieces.take<Spot>(number), g.P, g.Q, g.s * frame.row(), g.Q, true);
    T* framed = pieces.take<T>(frame.image());
    fill_offsets(offsets, frame, g.K, g.L);
    clear(framed, frame.image());
    for (Size n = 0; n < g.N; ++n) {
        enter(framed, frame, x + n * g.C * g.H * g.W, g.H, g.W, g.top, g.left, 1, 1);
        T* to = y + n * g.F * g.P * g.Q;
        sweep_image(Sweep<T>{to, framed, W, b, offsets, taps, g.P * g.Q}, g.F, spots);
    }
}

// ---------------------------------------------------------------------------------------------- gradient by the input

// dx is the sweep of the filters, turned by 180° and with channels and filters exchanged, over dy; a stride of the way
// forward spreads dy out among zeros.
template <class T>
void input_gradient(T* dx, const T* dy, const T* W, const Convolution& g, Scratch scratch) {
    const Frame frame = frame_for<T>(g.F, g.K, g.L, g.H, g.W, 1, 1);
    const Size taps = g.F * g.K * g.L, number = Spots<T>::number(g.H, g.W);
    Pieces pieces{static_cast<char*>(scratch(Pieces::bytes<Size>(taps) + Pieces::bytes<Spot>(number) +
                                             Pieces::bytes<T>(frame.image()) + Pieces::bytes<T>(g.C * taps)))};
    Size* offsets = pieces.take<Size>(taps);
    const Spots<T> spots(pieces.take<Spot>(number), g.H, g.W, frame.row(), g.W, true);
    T* framed = pieces.take<T>(frame.image());
    T* turned = pieces.take<T>(g.C * taps);
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
        sweep_image(Sweep<T>{to, framed, turned, nullptr, offsets, taps, g.H * g.W}, g.C, spots);
    }
}

// ---------------------------------------------------------------------------------------------- gradient by the filters

// dW (F, taps) += Σ over `images` and places of dy · x, with dy as (images, F, plane), its rows ending in zeros.
template <class T>
struct Correlation {
    T* dW;
    const T *frame, *dy;
    const Size* offsets;
    Spots<T> spots;
    Size images, image, F, taps, plane;
};

// Adds one vector of places to a tile of sums. At the ends of rows dy is 0, but 0 times an infinite pixel behind the
// end would be NaN: there the pixels are masked.
template <int filters, int places, bool masked, class T>
inline void correlate_spot(Vector<T> (&sums)[filters][places], const T* dy, Size plane, const T* const (&x)[places],
                           Size from, Mask<T> mask) {
    Vector<T> v[places];
    for (int j = 0; j < places; ++j) {
        v[j] = load(x[j] + from);
        if constexpr (masked) v[j] = keep<T>(v[j], mask);
    }
    for (int i = 0; i < filters; ++i) {
        const Vector<T> d = load(dy + i * plane);
        for (int j = 0; j < places; ++j) sums[i][j] += d * v[j];
    }
}

template <int filters, int places, class T>
void filter_tile(const Correlation<T>& all, Size f, Size k) {
    Vector<T> sums[filters][places] = {};
    const Mask<T> mask = first_lanes<T>(all.spots.rest);
    for (Size n = 0; n < all.images; ++n) {
        const T* x[places];
        for (int j = 0; j < places; ++j) x[j] = all.frame + n * all.image + all.offsets[k + j];
        const T* dy = all.dy + (n * all.F + f) * all.plane;
        const Spot *spot = all.spots.all, *whole = spot + all.spots.whole, *end = spot + all.spots.count;
        for (; spot < whole; ++spot) {
            correlate_spot<filters, places, false>(sums, dy + spot->to, all.plane, x, spot->from, mask);
        }
        for (; spot < end; ++spot) {
            correlate_spot<filters, places, true>(sums, dy + spot->to, all.plane, x, spot->from, mask);
        }
    }
    for (int i = 0; i < filters; ++i) {
        for (int j = 0; j < places; ++j) all.dW[(f + i) * all.taps + k + j] += sum_lanes<T>(sums[i][j]);
    }
}

template <int filters, class T>
void filter_tiles(const Correlation<T>& all, Size f) {
    Size k = 0;
    for (; k + 2 <= all.taps; k += 2) filter_tile<filters, 2>(all, f, k);
    if (k < all.taps) filter_tile<filters, 1>(all, f, k);
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
    // As many images at a time as stay in the cache: sums are taken out of the registers once a group. By the layer's
    // filters, not by those at hand: a group is the same on any number of threads.
    const Size each = frame.image() + rows * width, number = Spots<T>::number(g.P, g.Q);
    const Size fitting = 128 * 1024 / ((frame.image() + g.filters * g.P * width) * Size(sizeof(T)));
    const Size group = fitting < 1 ? 1 : fitting < g.N ? fitting : g.N;
    Pieces pieces{static_cast<char*>(
        scratch(Pieces::bytes<Size>(taps) + Pieces::bytes<Spot>(number) + Pieces::bytes<T>(group * each)))};
    Size* offsets = pieces.take<Size>(taps);
    const Spots<T> spots(pieces.take<Spot>(number), g.P, g.Q, g.s * frame.row(), width, false);
    T* framed = pieces.take<T>(group * each);
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
                const T* line = dy + ((from + n) * g.filters * g.P + row) * g.Q;
                memcpy(widened + (n * rows + row) * width, line, size_t(g.Q) * sizeof(T));
            }
        }
        correlate(Correlation<T>{dW, framed, widened, offsets, spots, images, frame.image(), g.F, taps, g.P * width});
    }
}

// ---------------------------------------------------------------------------------------------- all gradients

template <class T>
void bias_gradient(T* db, const T* __restrict dy, const Convolution& g) {
    const Size places = g.P * g.Q;
    clear(db, g.F);
    for (Size n = 0; n < g.N; ++n) {
        for (Size f = 0; f < g.F; ++f) {
            const T* __restrict of_filter = dy + (n * g.filters + f) * places;
            T sum = 0;
            HANDGRAD_SIMD_SUM(sum)
            for (Size i = 0; i < places; ++i) sum += of_filter[i];
            db[f] += sum;
        }
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
