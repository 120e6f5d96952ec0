#include "CKernelShims.h"
void idinv_parallel_for(intptr_t count, intptr_t threads, void *context, idinv_body body) {
#pragma omp parallel for schedule(static) num_threads((int)threads)
  for (intptr_t i = 0; i < count; i++) body(context, i);
}
