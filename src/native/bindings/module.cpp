#include "bindings.hpp"

NB_MODULE(_native, m) {
    handgrad::import_numpy();
    handgrad::bind_variants(m);
    handgrad::bind_input(m);
    handgrad::bind_dense(m);
    handgrad::bind_activations(m);
    handgrad::bind_losses(m);
    handgrad::bind_penalty(m);
    handgrad::bind_optimizers(m);
    handgrad::bind_dropout(m);
    handgrad::bind_pooling(m);
    handgrad::bind_normalization(m);
    handgrad::bind_convolution(m);
}
