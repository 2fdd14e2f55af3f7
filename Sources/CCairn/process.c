#include "cairn_process.h"

#include <sched.h>
#include <sys/prctl.h>

int cairn_hide_memory(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

int cairn_stay_on_processor(int processor) {
    if (processor < 0 || processor >= CPU_SETSIZE) return -1;
    cpu_set_t mask;
    CPU_ZERO(&mask);
    CPU_SET(processor, &mask);
    return sched_setaffinity(0, sizeof mask, &mask);
}
