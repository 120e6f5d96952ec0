#include "Waiting.h"

enum { MILLISECOND = 1000000 };
static const int64_t LOOK_AFTER = 5 * MILLISECOND, SHORTEST = 20 * MILLISECOND, LONGEST = INT64_C(4000) * MILLISECOND;

static idinv_waiting_change begin_spinning(idinv_waiting *waiting, idinv_usage usage) {
  waiting->has_begun = true;
  waiting->until = 0;
  waiting->inside = 0;
  waiting->last = usage;
  return idinv_waiting_spins;
}

static idinv_waiting_change begin_sleeping(idinv_waiting *waiting, int64_t now) {
  waiting->period = waiting->period == 0 ? SHORTEST : 2 * waiting->period < LONGEST ? 2 * waiting->period : LONGEST;
  waiting->until = now + waiting->period;
  return idinv_waiting_sleeps;
}

idinv_waiting_change idinv_waiting_next(
  idinv_waiting *waiting, int64_t began, int64_t now, idinv_usage (*usage)(void)) {
  // The first region creates the workers, and waits for that.
  if (!waiting->has_begun) return begin_spinning(waiting, usage());
  if (waiting->until) return now < waiting->until ? idinv_waiting_unchanged : begin_spinning(waiting, usage());
  waiting->inside += now - began;
  if (waiting->inside < LOOK_AFTER) return idinv_waiting_unchanged;
  idinv_usage last = waiting->last, current = usage();
  bool was_crowded = waiting->is_crowded;
  // Time alone does not tell: who waits long for a worker that has more to do sleeps, too.
  waiting->is_crowded = current.processor_time - last.processor_time < waiting->inside / 4 * 3 &&
    current.preemptions > last.preemptions;
  waiting->inside = 0;
  waiting->last = current;
  // Nor does one look: some daemon may have had its millisecond, or two of our threads one core.
  if (waiting->is_crowded && was_crowded) return begin_sleeping(waiting, now);
  if (!waiting->is_crowded) waiting->period = 0;
  return idinv_waiting_unchanged;
}
