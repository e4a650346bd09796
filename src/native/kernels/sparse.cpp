// Products with an x of which many numbers are zero: those are passed over. Which are not is noted in bits; a row of
// results stays in registers while the set bits are gone through.
#include "vectors.hpp"

namespace handgrad::HANDGRAD_VARIANT {
namespace {

// As many vectors of results as fit in registers beside one number of x: rows are cut into pieces of so many. What a
// piece reads again and again is copied first, its rows at whole vectors (a vector that lies across two lines of the
// cache takes twice as long to read) and filled up with zeros.
constexpr int most = 13;

// Passed-over numbers times infinity would have been NaN; here they are nothing.
template <class T>
Size count_nonzero(const T* x, Size count) {
    constexpr Size together = 4, step = together * lanes<T>;
    Size nonzero = 0, i = 0;
    while (i + step <= count) {
        Mask<T> found[together] = {};
        const Size end = count - i < (Size(1) << 20) ? count : i + (Size(1) << 20);  // before a lane overflows
        for (; i + step <= end; i += step) {
            for (Size j = 0; j < together; ++j) found[j] -= load(x + i + j * lanes<T>) != 0;
        }
        for (Size j = 0; j < together; ++j) {
            for (Size lane = 0; lane < lanes<T>; ++lane) nonzero += Size(found[j][lane]);
        }
    }
    for (; i < count; ++i) nonzero += x[i] != 0;
    return nonzero;
}

// The columns of a row of M results that one piece has.
struct Piece {
    Size first, columns;
};

template <class T>
inline Piece piece_from(Size first, Size M) {
    const Size rest = M - first;
    return {first, rest < most * lanes<T> ? rest : most * lanes<T>};
}

// Copies a piece of `count` rows of M numbers to rows of whole vectors.
template <class T>
void widen(T* to, const T* from, Size count, Size M, Piece piece) {
    const Size whole = piece.columns / lanes<T> * lanes<T>, rest = piece.columns - whole;
    for (const T* row = from + piece.first; count > 0; --count, row += M) {
        for (Size m = 0; m < whole; m += lanes<T>) store(to + m, load(row + m));
        to += whole;
        if (!rest) continue;
        store(to, Vector<T>{});
        copy_some<lanes<T>>(to, row + whole, rest);
        to += lanes<T>;
    }
}

// Calls Tile::run<vectors>() with the number of vectors that a piece has.
template <int vectors, class Tile>
inline void with_vectors(Size wanted, const Tile& tile) {
    if constexpr (vectors > 1) {
        if (wanted < vectors) return with_vectors<vectors - 1>(wanted, tile);
    }
    tile.template run<vectors>();
}

// ---------------------------------------------------------------------------------------------- y = x W + b

// Bit i of word (n, k): is x[n, 64 k + i] other than zero?
template <class T>
void note_places(uint64_t* bits, const T* x, Size samples, Size D) {
    for (Size n = 0; n < samples; ++n) {
        const T* row = x + n * D;
        for (Size d = 0; d < D; d += 64) {
            const Size count = D - d < 64 ? D - d : 64;
            uint64_t word = 0;
            Size i = 0;
            for (; i + lanes<T> <= count; i += lanes<T>) word |= uint64_t(bits_of<T>(load(row + d + i) != 0)) << i;
            for (; i < count; ++i) word |= uint64_t(row[d + i] != 0) << i;
            *bits++ = word;
        }
    }
}

// A group of samples with up to 64 rows of W: sums (samples, width) += x[n, d] W[d] over the bits set in word k.
template <class T>
struct AddRows {
    T* sums;
    const T *x, *W;
    const uint64_t* bits;
    Size samples, D, words;

    template <int vectors>
    void run() const {
        constexpr Size width = vectors * lanes<T>;
        for (Size n = 0; n < samples; ++n) {
            uint64_t left = bits[n * words];
            if (!left) continue;
            Vector<T> y[vectors];
            for (int v = 0; v < vectors; ++v) y[v] = load(sums + n * width + v * lanes<T>);
            for (; left; left &= left - 1) {
                const Size d = __builtin_ctzll(left);
                const T value = x[n * D + d];
                for (int v = 0; v < vectors; ++v) y[v] += load(W + d * width + v * lanes<T>) * value;
            }
            for (int v = 0; v < vectors; ++v) store(sums + n * width + v * lanes<T>, y[v]);
        }
    }
};

template <class T>
void sparse_forward(T* y, const T* x, const T* W, const T* b, Size N, Size D, Size M, Scratch scratch) {
    constexpr Size group = 256, wide = most * lanes<T>;
    const Size words = (D + 63) / 64;
    Pieces pieces{static_cast<char*>(
        scratch(Pieces::bytes<uint64_t>(group * words) + Pieces::bytes<T>(64 * wide) + Pieces::bytes<T>(group * wide)))};
    uint64_t* bits = pieces.take<uint64_t>(group * words);
    T *rows = pieces.take<T>(64 * wide), *sums = pieces.take<T>(group * wide);
    for (Size from = 0; from < N; from += group) {
        const Size samples = N - from < group ? N - from : group;
        note_places(bits, x + from * D, samples, D);
        for (Size first = 0; first < M; first += wide) {
            const Piece piece = piece_from<T>(first, M);
            const Size vectors = (piece.columns + lanes<T> - 1) / lanes<T>, width = vectors * lanes<T>;
            for (Size n = 0; n < samples; ++n) widen(sums + n * width, b, 1, M, piece);
            for (Size k = 0; k < words; ++k) {
                const Size d = 64 * k, count = D - d < 64 ? D - d : 64;
                widen(rows, W + d * M, count, M, piece);
                with_vectors<most>(vectors, AddRows<T>{sums, x + from * D + d, rows, bits + k, samples, D, words});
            }
            for (Size n = 0; n < samples; ++n) {
                memcpy(y + (from + n) * M + first, sums + n * width, size_t(piece.columns) * sizeof(T));
            }
        }
    }
}

// ---------------------------------------------------------------------------------------------- dW = xᵀ dy

// Bit n of word (k, d): is x[32 k + n, d] other than zero, for the columns d of one vector?
template <class T>
void note_samples(uint32_t* bits, const T* x, Size N, Size D, Size columns) {
    for (Size from = 0; from < N; from += 32, bits += lanes<T>) {
        const Size samples = N - from < 32 ? N - from : 32;
        const T* column = x + from * D;
        if (columns == lanes<T>) {
            Mask<T> found = {};
            for (Size n = 0; n < samples; ++n) {
                found |= (load(column + n * D) != 0) & typename Lanes<T>::Integer(uint32_t(1) << n);
            }
            for (Size i = 0; i < lanes<T>; ++i) bits[i] = uint32_t(found[i]);
            continue;
        }
        for (Size i = 0; i < columns; ++i) {
            bits[i] = 0;
            for (Size n = 0; n < samples; ++n) bits[i] |= uint32_t(column[n * D + i] != 0) << n;
        }
    }
}

// The rows of dW (columns of them) for one vector of x's columns: Σ x[n, d] dy[n] over the bits set.
template <class T>
struct WeighRows {
    T* dW;
    const T *x, *dy;
    const uint32_t* bits;
    Size columns, N, D, M, last;  // last: where the last vector of a row of dW goes, over the end of the one before

    template <int vectors>
    void run() const {
        constexpr Size width = vectors * lanes<T>;
        for (Size i = 0; i < columns; ++i) {
            Vector<T> sums[vectors] = {};
            const uint32_t* word = bits + i;
            for (Size from = 0; from < N; from += 32, word += lanes<T>) {
                for (uint32_t left = *word; left; left &= left - 1) {
                    const Size n = from + __builtin_ctz(left);
                    const T value = x[n * D + i];
                    for (int v = 0; v < vectors; ++v) sums[v] += load(dy + n * width + v * lanes<T>) * value;
                }
            }
            T* row = dW + i * M;
            for (int v = 0; v < vectors - 1; ++v) store(row + v * lanes<T>, sums[v]);
            store_some<T>(row + (vectors - 1) * lanes<T>, sums[vectors - 1], last);
        }
    }
};

// The rows `from` to `to`.
template <class T>
void sparse_weights(T* dW, const T* dy, const T* x, Size N, Size D, Size M, Size from, Size to, Scratch scratch) {
    constexpr Size wide = most * lanes<T>;
    const Size words = (N + 31) / 32;
    Pieces pieces{static_cast<char*>(scratch(Pieces::bytes<uint32_t>(words * lanes<T>) + Pieces::bytes<T>(N * wide)))};
    uint32_t* bits = pieces.take<uint32_t>(words * lanes<T>);
    T* rows = pieces.take<T>(N * wide);
    for (Size first = 0; first < M; first += wide) {
        const Piece piece = piece_from<T>(first, M);
        const Size vectors = (piece.columns + lanes<T> - 1) / lanes<T>;
        const Size last = piece.columns - (vectors - 1) * lanes<T>;
        widen(rows, dy, N, M, piece);
        for (Size d = from; d < to; d += lanes<T>) {
            const Size columns = to - d < lanes<T> ? to - d : lanes<T>;
            note_samples(bits, x + d, N, D, columns);
            with_vectors<most>(vectors,
                               WeighRows<T>{dW + d * M + first, x + d, rows, bits, columns, N, D, M, last});
        }
    }
}

template <class T>
void fill(Table<T>& table) {
    table.count_nonzero = count_nonzero<T>;
    table.sparse_forward = sparse_forward<T>;
    table.sparse_weights = sparse_weights<T>;
}

}  // namespace

void fill_sparse(Tables& tables) {
    fill(tables.floats);
    fill(tables.doubles);
}

}  // namespace handgrad::HANDGRAD_VARIANT
