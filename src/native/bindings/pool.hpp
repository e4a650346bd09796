// The threads that long kernel calls are split over. They sleep soon after a call (a pool that spins on gets in the way
// of every other: docs/design.md), and there is one by default, the caller's own.
#pragma once

#include "../kernels/table.hpp"

namespace handgrad {

// How many threads take part from now on, the caller's included; also tells BLAS, which then runs on one.
void set_threads(int threads);
int threads();

using Task = void (*)(void* context, int part);

// Calls task(context, 0 … parts − 1), each on a thread of its own, and returns when all are done. If the pool serves
// another caller at this moment, the caller does it all by itself.
void run_parts(int parts, Task task, void* context);

// Cuts `count` items into as many ranges as threads take part, their borders at multiples of `grain`, and calls
// act(from, to) for each; one range if all of it is less than `enough` work.
template <class Act>
void split(Size count, Size grain, Size work, Act act) {
    constexpr Size enough = 200'000;  // numbers read and written: some 30 µs, what waking a thread may cost
    const Size grains = (count + grain - 1) / grain;
    const int available = threads();
    const int parts = work < enough ? 1 : grains < available ? int(grains) : available;
    if (parts <= 1) return act(Size(0), count);
    struct Context {
        Act* act;
        Size count, grain, grains;
        int parts;
    } context{&act, count, grain, grains, parts};
    run_parts(
        parts,
        [](void* given, int part) {
            const Context& c = *static_cast<Context*>(given);
            const Size from = c.grains * part / c.parts * c.grain, end = c.grains * (part + 1) / c.parts * c.grain;
            (*c.act)(from, end < c.count ? end : c.count);
        },
        &context);
}

}  // namespace handgrad
