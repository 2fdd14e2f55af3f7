#pragma once

// Forbids core dumps of this process and reading its memory by others of the same user:
// prctl(2) with PR_SET_DUMPABLE 0. Returns what the call returns.
int cairn_hide_memory(void);

// The processor that runs the calling thread now, or -1: sched_getcpu(3).
int cairn_processor(void);

// Keeps the calling thread on one processor: sched_setaffinity(2). Returns what the call returns,
// -1 also for a number that the mask has no room for.
int cairn_stay_on_processor(int processor);
