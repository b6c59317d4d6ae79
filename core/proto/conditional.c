/* proto/conditional.c: see conditional.h. */
#include "proto/conditional.h"

#include "base/clock.h"
#include "proto/chars.h"

static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char *const long_days[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

/* A cursor over a date: each step takes something off the front, or sets `bad`. */
struct cursor {
    struct str rest;
    bool bad;
};

static void expect(struct cursor *c, struct str literal)
{
    if (!str_starts(c->rest, literal)) {
        c->bad = true;
        return;
    }
    c->rest = str_of(c->rest.p + literal.n, c->rest.n - literal.n);
}

static int take_number(struct cursor *c, size_t digits)
{
    int value = 0;
    for (size_t i = 0; i < digits; i++) {
        if (i >= c->rest.n || !char_is(c->rest.p[i], CHAR_DIGIT)) {
            c->bad = true;
            return 0;
        }
        value = value * 10 + (c->rest.p[i] - '0');
    }
    c->rest = str_of(c->rest.p + digits, c->rest.n - digits);
    return value;
}

/* Index of the three letters at the front in `names`. */
static int take_name(struct cursor *c, const char *names, int count)
{
    for (int i = 0; i < count; i++) {
        if (str_starts(c->rest, str_of(names + 3 * i, 3))) {
            c->rest = str_of(c->rest.p + 3, c->rest.n - 3);
            return i;
        }
    }
    c->bad = true;
    return 0;
}

static void take_time(struct cursor *c, struct tm *tm)
{
    tm->tm_hour = take_number(c, 2);
    expect(c, STR(":"));
    tm->tm_min = take_number(c, 2);
    expect(c, STR(":"));
    tm->tm_sec = take_number(c, 2);
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" behind the day and its comma. */
static void take_fixdate(struct cursor *c, struct tm *tm)
{
    tm->tm_mday = take_number(c, 2);
    expect(c, STR(" "));
    tm->tm_mon = take_name(c, months, 12);
    expect(c, STR(" "));
    tm->tm_year = take_number(c, 4) - 1900;
    expect(c, STR(" "));
    take_time(c, tm);
    expect(c, STR(" GMT"));
}

/* "Sunday, 06-Nov-94 08:49:37 GMT": a year more than 50 years ahead is one of the last century. */
static void take_rfc850(struct cursor *c, struct tm *tm)
{
    time_t now = (time_t)clock_wall();
    struct tm today;
    tm->tm_mday = take_number(c, 2);
    expect(c, STR("-"));
    tm->tm_mon = take_name(c, months, 12);
    expect(c, STR("-"));
    int year = take_number(c, 2);
    gmtime_r(&now, &today);
    tm->tm_year = today.tm_year / 100 * 100 + year;
    if (tm->tm_year > today.tm_year + 50)
        tm->tm_year -= 100;
    expect(c, STR(" "));
    take_time(c, tm);
    expect(c, STR(" GMT"));
}

/* "Sun Nov  6 08:49:37 1994" behind the day. */
static void take_asctime(struct cursor *c, struct tm *tm)
{
    expect(c, STR(" "));
    tm->tm_mon = take_name(c, months, 12);
    expect(c, STR(" "));
    if (str_starts(c->rest, STR(" "))) {
        expect(c, STR(" "));
        tm->tm_mday = take_number(c, 1);
    } else {
        tm->tm_mday = take_number(c, 2);
    }
    expect(c, STR(" "));
    take_time(c, tm);
    expect(c, STR(" "));
    tm->tm_year = take_number(c, 4) - 1900;
}

static bool take_long_day(struct cursor *c)
{
    for (size_t i = 0; i < 7; i++) {
        struct str day = str_from(long_days[i]);
        if (str_starts(c->rest, day) && c->rest.n > day.n && c->rest.p[day.n] == ',') {
            c->rest = str_of(c->rest.p + day.n, c->rest.n - day.n);
            return true;
        }
    }
    return false;
}

bool http_date_parse(struct str s, time_t *t)
{
    struct cursor c = {.rest = s};
    struct tm tm = {0};
    if (take_long_day(&c)) {
        expect(&c, STR(", "));
        take_rfc850(&c, &tm);
    } else {
        take_name(&c, days, 7);
        if (str_starts(c.rest, STR(", "))) {
            expect(&c, STR(", "));
            take_fixdate(&c, &tm);
        } else {
            take_asctime(&c, &tm);
        }
    }
    if (c.bad || c.rest.n || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60 || tm.tm_mday < 1 || tm.tm_mday > 31)
        return false;
    int day = tm.tm_mday, leap = tm.tm_sec == 60;
    tm.tm_sec -= leap;
    *t = timegm(&tm) + leap;
    return tm.tm_mday == day; /* timegm moves a 31 November on */
}

static bool is_weak(struct str etag)
{
    return str_starts(etag, STR("W/"));
}

static struct str opaque(struct str etag)
{
    return is_weak(etag) ? str_of(etag.p + 2, etag.n - 2) : etag;
}

/* Cuts an entity-tag off the front of `*rest`; STR_NULL if there is none. Tags may hold commas, so a list of them is
 * not simply cut at those. */
static struct str take_etag(struct str *rest)
{
    const char *end = rest->p + rest->n, *quote = rest->p + (is_weak(*rest) ? 2 : 0);
    if (quote >= end || *quote != '"')
        return STR_NULL;
    const char *close = scan_class(quote + 1, end, CHAR_ETAG);
    if (close == end || *close != '"')
        return STR_NULL;
    struct str etag = str_of(rest->p, (size_t)(close + 1 - rest->p));
    *rest = str_of(close + 1, (size_t)(end - close - 1));
    return etag;
}

bool etag_valid(struct str s)
{
    return s.n > 0 && take_etag(&s).p && s.n == 0;
}

bool etag_weak_equal(struct str a, struct str b)
{
    return a.n > 0 && str_eq(opaque(a), opaque(b));
}

bool etag_strong_equal(struct str a, struct str b)
{
    return a.n > 0 && !is_weak(a) && str_eq(a, b);
}

/* True if the list names `etag` (or is "*" and there is a representation). Stops at the first malformed member. */
static bool list_matches(struct str list, const struct validators *v, bool (*equal)(struct str, struct str))
{
    struct str rest = str_trim(list);
    if (str_eq(rest, STR("*")))
        return v->exists;
    while (rest.n) {
        if (rest.p[0] == ',') {
            rest = str_trim(str_of(rest.p + 1, rest.n - 1));
            continue;
        }
        struct str etag = take_etag(&rest);
        if (!etag.p)
            return false;
        if (v->exists && v->etag.p && equal(etag, v->etag))
            return true;
        rest = str_trim(rest);
        if (rest.n && rest.p[0] != ',')
            return false;
    }
    return false;
}

/* True if the resource has changed after the date in `field`; `otherwise` if that cannot be told. */
static bool modified_since(struct str field, const struct validators *v, bool otherwise)
{
    time_t date;
    if (!v->exists || v->modified < 0 || !http_date_parse(field, &date))
        return otherwise;
    return v->modified > date;
}

int precondition_check(const struct preconditions *p, const struct validators *v, bool safe)
{
    if (p->if_match.p) {
        if (!list_matches(p->if_match, v, etag_strong_equal))
            return 412;
    } else if (p->if_unmodified_since.p && modified_since(p->if_unmodified_since, v, false)) {
        return 412;
    }
    if (p->if_none_match.p) {
        if (list_matches(p->if_none_match, v, etag_weak_equal))
            return safe ? 304 : 412;
    } else if (safe && p->if_modified_since.p && !modified_since(p->if_modified_since, v, true)) {
        return 304;
    }
    return 0;
}

/* If-Range holds: a strong tag that is ours, or exactly our date (RFC 9110 §13.1.5). */
static bool if_range_holds(struct str field, const struct validators *v)
{
    time_t date;
    if (!field.p)
        return true;
    if (etag_valid(field))
        return etag_strong_equal(field, v->etag);
    return http_date_parse(field, &date) && v->modified == date;
}

enum range_result range_parse(struct str range, struct str if_range, const struct validators *v, uint64_t size,
                              uint64_t *first, uint64_t *last)
{
    struct str to = range, unit = str_cut(&to, '='), from;
    uint64_t begin, end;
    if (!range.p || !to.p || !str_ieq(unit, STR("bytes")) || memchr(to.p, ',', to.n) || !if_range_holds(if_range, v))
        return RANGE_NONE;
    to = str_trim(to);
    from = str_cut(&to, '-');
    if (!to.p)
        return RANGE_NONE;
    if (from.n == 0) { /* the last octets */
        if (!str_to_u64(to, &end))
            return RANGE_NONE;
        if (end == 0 || size == 0)
            return RANGE_UNSATISFIABLE;
        *first = end < size ? size - end : 0;
        *last = size - 1;
        return RANGE_ONE;
    }
    if (!str_to_u64(from, &begin) || (to.n && (!str_to_u64(to, &end) || end < begin)))
        return RANGE_NONE;
    if (begin >= size)
        return RANGE_UNSATISFIABLE;
    *first = begin;
    *last = to.n && end < size ? end : size - 1;
    return RANGE_ONE;
}
