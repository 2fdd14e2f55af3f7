#include "cairn_process.h"

#include <sys/prctl.h>

int cairn_hide_memory(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }
