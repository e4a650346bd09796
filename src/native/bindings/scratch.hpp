// Memory that a thread keeps from call to call, so that a training step allocates nothing.
#pragma once

#include "../kernels/table.hpp"

namespace handgrad {

// At least so many bytes, aligned for every vector; good until this thread asks again.
void* scratch(Size bytes);

}  // namespace handgrad
