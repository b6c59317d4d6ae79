/* base/clock.h: the time, read once per turn of the loop. Used by every layer.
 *
 * The loop calls clock_refresh() when it wakes; everything that happens in that turn sees the same time, and costs no
 * system call. Other threads may read, only one refreshes. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/str.h"

#include <time.h>

/* Reads the clocks anew. */
void clock_refresh(void);

/* Seconds of the monotonic clock, as of the last refresh: for deadlines and durations. */
double clock_now(void);

/* Seconds since 1970 (UTC), as of the last refresh: for dates. */
double clock_wall(void);

/* Seconds of the monotonic clock, read now: for measuring within a turn. */
double clock_precise(void);

/* The Date field's value as of the last refresh, 29 bytes, valid until the next refresh (RFC 9110 §5.6.7). Only for the
 * thread that refreshes. */
struct str clock_http_date(void);

enum { HTTP_DATE_SIZE = 29 };

/* Writes `t` as an IMF-fixdate, "Sun, 06 Nov 1994 08:49:37 GMT", 29 bytes without a NUL (RFC 9110 §5.6.7). */
void clock_format_http(time_t t, char out[HTTP_DATE_SIZE]);

/* Writes `t` (seconds since 1970) as "1994-11-06T08:49:37.123Z", 24 bytes without a NUL (RFC 3339). */
enum { ISO_DATE_SIZE = 24 };
void clock_format_iso(double t, char out[ISO_DATE_SIZE]);

#endif
