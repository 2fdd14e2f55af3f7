#pragma once

// Forbids core dumps of this process and reading its memory by others of the same user:
// prctl(2) with PR_SET_DUMPABLE 0. Returns what the call returns.
int cairn_hide_memory(void);
