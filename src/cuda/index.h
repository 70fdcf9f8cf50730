// Reading and writing at positions that another tensor names.
#pragma once

#include "core/backend.h"
#include "cuda/context.h"

namespace libtensor::cuda {

void gather(const Context& context, const GatherCall& call);
void scatter(const Context& context, const GatherCall& call, ScatterMode mode);
void index_select(const Context& context, const IndexCall& call);
void index_add(const Context& context, const IndexCall& call);

}  // namespace libtensor::cuda
