#include "client/backoff.h"

#include "base/clock.h"

#include <stdint.h>
#include <unistd.h>

double backoff_seconds(unsigned failures)
{
    static uint64_t state; /* xorshift; workers must differ, nothing depends on more */
    if (!state)
        state = (uint64_t)getpid() * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)(clock_precise() * 1e9);
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    double delay = 0.1 * (double)(UINT64_C(1) << (failures < 6 ? failures : 6));
    return (delay < 2 ? delay : 2) * (0.5 + (double)(state >> 11) * 0x1p-54);
}
