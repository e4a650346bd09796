// Each family enters its functions into the module, by the names and signatures of src/handgrad/kernels/reference.
#pragma once

#include "arrays.hpp"

namespace handgrad {

void bind_variants(nb::module_& m);
void bind_input(nb::module_& m);
void bind_dense(nb::module_& m);
void bind_activations(nb::module_& m);
void bind_losses(nb::module_& m);
void bind_penalty(nb::module_& m);
void bind_optimizers(nb::module_& m);
void bind_dropout(nb::module_& m);
void bind_pooling(nb::module_& m);
void bind_normalization(nb::module_& m);
void bind_convolution(nb::module_& m);

}  // namespace handgrad
