#pragma once
#include <stdint.h>
typedef void (*idinv_body)(void *context, intptr_t index);
void idinv_parallel_for(intptr_t count, intptr_t threads, void *context, idinv_body body);
