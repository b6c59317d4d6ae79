/* vm/settings_type.c: the notations of setting values. No state. */
#include "vm/settings_type.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

struct unit {
    const char *name;
    double factor;
};

static const struct unit duration_units[] = {{"ms", 0.001},     {"s", 1},       {"min", 60},     {"h", 3600},
                                             {"d", 86400},      {"day", 86400}, {"days", 86400}, {"week", 604800},
                                             {"weeks", 604800}, {NULL, 0}};
static const struct unit size_units[] = {
    {"B", 1}, {"KiB", 1024.0}, {"MiB", 1048576.0}, {"GiB", 1073741824.0}, {NULL, 0}};

/* A plain decimal number, blanks, a unit. strtod alone would take "0x10", "nan" and signs. */
static bool parse_with_unit(const char *text, size_t length, const struct unit *units, double *value)
{
    char copy[32];
    if (length == 0 || length >= sizeof copy || memchr(text, 0, length))
        return false;
    memcpy(copy, text, length);
    copy[length] = 0;

    size_t digits = strspn(copy, "0123456789.");
    char *end;
    double number = strtod(copy, &end);
    if (digits == 0 || end != copy + digits)
        return false;
    const char *unit = copy + digits + strspn(copy + digits, " ");
    for (; units->name; units++) {
        if (strcmp(unit, units->name) == 0) {
            *value = number * units->factor;
            return isfinite(*value);
        }
    }
    return false;
}

bool settings_parse_duration(const char *text, size_t length, double *seconds)
{
    return parse_with_unit(text, length, duration_units, seconds);
}

bool settings_parse_size(const char *text, size_t length, double *octets)
{
    return parse_with_unit(text, length, size_units, octets) && *octets == floor(*octets);
}

static bool check_port(const char *text, size_t length)
{
    unsigned port = 0;
    if (length == 0 || length > 5)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        port = port * 10 + (unsigned)(text[i] - '0');
    }
    return port <= 65535;
}

bool settings_check_address(const char *text, size_t length)
{
    static const char unix_prefix[] = "unix:";
    size_t prefix = sizeof unix_prefix - 1;
    if (memchr(text, 0, length))
        return false;
    if (length > prefix && memcmp(text, unix_prefix, prefix) == 0)
        return length - prefix < sizeof((struct sockaddr_un *)0)->sun_path;

    const char *colon = memrchr(text, ':', length);
    if (!colon || colon == text)
        return false;
    size_t host = (size_t)(colon - text);
    if (!check_port(colon + 1, length - host - 1))
        return false;
    if (text[0] == '[')
        return host > 2 && text[host - 1] == ']';
    return memchr(text, ':', host) == NULL && memchr(text, ' ', host) == NULL;
}
