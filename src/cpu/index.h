// Operations that name elements by an index tensor.
#pragma once

#include "core/backend.h"

namespace libtensor::cpu {

void gather(const GatherCall& call);
void scatter(const GatherCall& call, ScatterMode mode);
void index_select(const IndexCall& call);
void index_add(const IndexCall& call);

}  // namespace libtensor::cpu
