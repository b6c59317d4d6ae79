/* base/clock.c: see clock.h. */
#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>

static _Atomic double monotonic, wall;

static double read_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void clock_refresh(void)
{
    atomic_store_explicit(&monotonic, read_clock(CLOCK_MONOTONIC), memory_order_relaxed);
    atomic_store_explicit(&wall, read_clock(CLOCK_REALTIME), memory_order_relaxed);
}

/* Before the first refresh there is no cached time yet. */
static double cached(_Atomic double *clock)
{
    double t = atomic_load_explicit(clock, memory_order_relaxed);
    if (t != 0)
        return t;
    clock_refresh();
    return atomic_load_explicit(clock, memory_order_relaxed);
}

double clock_now(void)
{
    return cached(&monotonic);
}

double clock_wall(void)
{
    return cached(&wall);
}

double clock_precise(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

static void two_digits(char *out, int value)
{
    out[0] = (char)('0' + value / 10 % 10);
    out[1] = (char)('0' + value % 10);
}

void clock_format_http(time_t t, char out[HTTP_DATE_SIZE])
{
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct tm tm;
    if (!gmtime_r(&t, &tm) || tm.tm_year + 1900 > 9999 || tm.tm_year + 1900 < 0) {
        t = 0;
        gmtime_r(&t, &tm);
    }
    memcpy(out, "Sun, 06 Nov 1994 08:49:37 GMT", HTTP_DATE_SIZE);
    memcpy(out, days + 3 * tm.tm_wday, 3);
    two_digits(out + 5, tm.tm_mday);
    memcpy(out + 8, months + 3 * tm.tm_mon, 3);
    two_digits(out + 12, (tm.tm_year + 1900) / 100);
    two_digits(out + 14, (tm.tm_year + 1900) % 100);
    two_digits(out + 17, tm.tm_hour);
    two_digits(out + 20, tm.tm_min);
    two_digits(out + 23, tm.tm_sec);
}

struct str clock_http_date(void)
{
    static char text[HTTP_DATE_SIZE];
    static time_t formatted = -1;
    time_t now = (time_t)clock_wall();
    if (now != formatted) {
        clock_format_http(now, text);
        formatted = now;
    }
    return str_of(text, HTTP_DATE_SIZE);
}

void clock_format_iso(double t, char out[ISO_DATE_SIZE])
{
    time_t seconds = (time_t)t;
    int ms = (int)((t - (double)seconds) * 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    memcpy(out, "1994-11-06T08:49:37.123Z", ISO_DATE_SIZE);
    two_digits(out, (tm.tm_year + 1900) / 100);
    two_digits(out + 2, (tm.tm_year + 1900) % 100);
    two_digits(out + 5, tm.tm_mon + 1);
    two_digits(out + 8, tm.tm_mday);
    two_digits(out + 11, tm.tm_hour);
    two_digits(out + 14, tm.tm_min);
    two_digits(out + 17, tm.tm_sec);
    out[20] = (char)('0' + ms / 100 % 10);
    two_digits(out + 21, ms % 100);
}
