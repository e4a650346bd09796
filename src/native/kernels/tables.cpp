// This variant's tables, filled on first use.
#include "variant.hpp"

namespace handgrad::HANDGRAD_VARIANT {

const Tables& tables() {
    static const Tables filled = [] {
        Tables tables{};
        fill_input(tables);
        fill_dense(tables);
        fill_sparse(tables);
        fill_activations(tables);
        fill_losses(tables);
        fill_penalty(tables);
        fill_optimizers(tables);
        fill_dropout(tables);
        fill_pooling(tables);
        fill_normalization(tables);
        fill_convolution(tables);
        return tables;
    }();
    return filled;
}

}  // namespace handgrad::HANDGRAD_VARIANT
