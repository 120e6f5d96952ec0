// What Swift cannot say itself: OpenMP regions, CPU probing, and a few vector instructions as header-only inlines.
#pragma once
#include "Heap.h"
#include "Parallel.h"
#include "Processor.h"
#include "VectorInlines.h"
#include "Waiting.h"
