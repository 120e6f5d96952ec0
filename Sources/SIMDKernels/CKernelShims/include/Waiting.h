#pragma once
#include <stdbool.h>
#include <stdint.h>

/// What has been used so far.
typedef struct {
  int64_t processor_time;  ///< of the calling thread, nanoseconds
  int64_t preemptions;     ///< of all threads of the process: how often another program took a core from one
} idinv_usage;

/// How the workers of one calling thread wait for its next parallel region: they spin for a moment, or sleep at once.
///
/// Regions of a step follow each other within microseconds, and workers that sleep in between make small steps twice as
/// long. Where other programs want the cores, spinning is ruin: who spins gives its turn away, again and again, and a
/// step takes as many of the others' time slices as it has regions. The calling thread notices: it gets less processor
/// time than goes by.
typedef struct {
  bool has_begun;
  bool is_crowded;   ///< what the last look said
  int64_t inside;    ///< nanoseconds in regions since then
  idinv_usage last;  ///< as it was then
  int64_t until;     ///< when to spin again; 0 while workers spin
  int64_t period;    ///< of the last sleep; 0 after a look that found the cores free
} idinv_waiting;

typedef enum { idinv_waiting_unchanged, idinv_waiting_spins, idinv_waiting_sleeps } idinv_waiting_change;

/// What changes after a region that lasted from `began` to `now` (nanoseconds of any steady clock).
///
/// Every 5 ms of regions it looks at the usage. Where the processor time grew by less than three quarters of that and a
/// thread was preempted, twice in a row, workers sleep between regions for 20 ms, and then spin again; as long as that
/// proves no better, for twice as long each time, up to 4 s.
idinv_waiting_change idinv_waiting_next(
  idinv_waiting *_Nonnull waiting, int64_t began, int64_t now, idinv_usage (*_Nonnull usage)(void));
