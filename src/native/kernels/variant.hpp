// Shared by the files that are compiled once for each kind of processor.
#pragma once

#include "table.hpp"

// Loops marked so have independent iterations; sums in them may be added up in any order.
#define HANDGRAD_PRAGMA(text) _Pragma(#text)
#define HANDGRAD_SIMD HANDGRAD_PRAGMA(omp simd)
#define HANDGRAD_SIMD_SUM(sum) HANDGRAD_PRAGMA(omp simd reduction(+ : sum))
#define HANDGRAD_SIMD_MAX(largest) HANDGRAD_PRAGMA(omp simd reduction(max : largest))

namespace handgrad::HANDGRAD_VARIANT {

// Each family enters its functions.
void fill_input(Tables& tables);
void fill_dense(Tables& tables);
void fill_sparse(Tables& tables);
void fill_activations(Tables& tables);
void fill_losses(Tables& tables);
void fill_penalty(Tables& tables);
void fill_optimizers(Tables& tables);
void fill_dropout(Tables& tables);
void fill_pooling(Tables& tables);
void fill_normalization(Tables& tables);
void fill_convolution(Tables& tables);

const Tables& tables();

}  // namespace handgrad::HANDGRAD_VARIANT
