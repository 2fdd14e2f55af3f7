#pragma once

// Forbids core dumps of this process and reading its memory by others of the same user:
// prctl(2) with PR_SET_DUMPABLE 0. Returns what the call returns.
int cairn_hide_memory(void);

// Keeps the calling thread on one processor: sched_setaffinity(2). Returns what the call returns,
// -1 also for a number that the mask has no room for.
int cairn_stay_on_processor(int processor);
