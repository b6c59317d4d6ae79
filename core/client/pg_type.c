#include "client/pg_type.h"

#include <endian.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* OIDs of the built-in types; they never change (PostgreSQL src/include/catalog/pg_type.dat). */
enum {
    T_BOOL = 16,
    T_BYTEA = 17,
    T_CHAR = 18,
    T_NAME = 19,
    T_INT8 = 20,
    T_INT2 = 21,
    T_INT4 = 23,
    T_TEXT = 25,
    T_OID = 26,
    T_JSON = 114,
    T_FLOAT4 = 700,
    T_FLOAT8 = 701,
    T_BPCHAR = 1042,
    T_VARCHAR = 1043,
    T_DATE = 1082,
    T_TIMESTAMP = 1114,
    T_TIMESTAMPTZ = 1184,
    T_NUMERIC = 1700,
    T_UUID = 2950,
    T_JSONB = 3802,
};

static const struct {
    uint32_t array, element;
} arrays[] = {
    {199, T_JSON},  {1000, T_BOOL},        {1001, T_BYTEA},   {1002, T_CHAR},   {1003, T_NAME},
    {1005, T_INT2}, {1007, T_INT4},        {1009, T_TEXT},    {1014, T_BPCHAR}, {1015, T_VARCHAR},
    {1016, T_INT8}, {1021, T_FLOAT4},      {1022, T_FLOAT8},  {1028, T_OID},    {1115, T_TIMESTAMP},
    {1182, T_DATE}, {1185, T_TIMESTAMPTZ}, {1231, T_NUMERIC}, {2951, T_UUID},   {3807, T_JSONB},
};

static uint32_t element_of(uint32_t type)
{
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        if (arrays[i].array == type)
            return arrays[i].element;
    return 0;
}

/* A type of one value, in a format that decode_binary() reads. */
static bool is_scalar(uint32_t type)
{
    switch (type) {
    case T_BOOL:
    case T_BYTEA:
    case T_CHAR:
    case T_NAME:
    case T_INT8:
    case T_INT2:
    case T_INT4:
    case T_TEXT:
    case T_OID:
    case T_JSON:
    case T_FLOAT4:
    case T_FLOAT8:
    case T_BPCHAR:
    case T_VARCHAR:
    case T_DATE:
    case T_TIMESTAMP:
    case T_TIMESTAMPTZ:
    case T_NUMERIC:
    case T_UUID:
    case T_JSONB:
        return true;
    default:
        return false;
    }
}

bool pg_type_has_binary(uint32_t type)
{
    return is_scalar(type) || element_of(type) != 0;
}

static struct pg_value bad(void)
{
    return (struct pg_value){.kind = PG_BAD};
}

static struct pg_value number(double value)
{
    return (struct pg_value){.kind = PG_NUMBER, .number = value};
}

static struct pg_value text(struct str value)
{
    return (struct pg_value){.kind = PG_TEXT, .text = value};
}

/* Network order, as everything on PostgreSQL's wire. */
static uint64_t big_endian(const char *p, size_t n)
{
    uint64_t value = 0;
    if (n == sizeof value) {
        memcpy(&value, p, sizeof value);
        return be64toh(value);
    }
    for (size_t i = 0; i < n; i++)
        value = value << 8 | (unsigned char)p[i];
    return value;
}

/* A double holds every integer up to 2^53. */
static struct pg_value int8_value(int64_t value)
{
    const int64_t limit = INT64_C(1) << 53;
    if (value > limit || value < -limit)
        return (struct pg_value){.kind = PG_RANGE};
    return number((double)value);
}

/* The double nearest to the shortest decimal that gives this float: 0.1 stays 0.1, as in the text format. */
static double widen(float value)
{
    if (!isfinite(value))
        return value;
    char digits[32];
    for (int precision = 6; precision <= 9; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, (double)value);
        if (strtof(digits, NULL) == value)
            break;
    }
    return strtod(digits, NULL);
}

/* The date `days` after 2000-01-01 in the Gregorian calendar, by eras of 400 years that begin on 1 March. */
static void date_from_days(int64_t days, int64_t *year, int *month, int *day)
{
    int64_t z = days + 730425; /* since 0000-03-01 */
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t of_era = z - era * 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * of_year + 2) / 153;
    *day = (int)(of_year - (153 * shifted + 2) / 5 + 1);
    *month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    *year = year_of_era + era * 400 + (*month <= 2);
}

/* Two decimal digits. Times are in every row, and printf costs ten times as much. */
static void put_two(char *out, unsigned value)
{
    out[0] = (char)('0' + value / 10);
    out[1] = (char)('0' + value % 10);
}

static struct pg_value date_value(int64_t days, struct buf *scratch)
{
    if (days == INT32_MAX || days == INT32_MIN)
        return text(days > 0 ? STR("infinity") : STR("-infinity"));
    int64_t year;
    int month, day;
    date_from_days(days, &year, &month, &day);
    if (year < 1 || year > 9999)
        return (struct pg_value){.kind = PG_RANGE};
    char out[] = "yyyy-mm-dd";
    put_two(out, (unsigned)year / 100);
    put_two(out + 2, (unsigned)year % 100);
    put_two(out + 5, (unsigned)month);
    put_two(out + 8, (unsigned)day);
    buf_append(scratch, out, sizeof out - 1);
    return text(buf_str(scratch));
}

/* microseconds since 2000-01-01 00:00 as RFC 3339; zone is "Z" or "". */
static struct pg_value time_value(int64_t microseconds, const char *zone, struct buf *scratch)
{
    if (microseconds == INT64_MAX || microseconds == INT64_MIN)
        return text(microseconds > 0 ? STR("infinity") : STR("-infinity"));
    const int64_t per_day = INT64_C(86400000000);
    int64_t days = microseconds / per_day, of_day = microseconds % per_day;
    if (of_day < 0) {
        days--;
        of_day += per_day;
    }
    struct pg_value value = date_value(days, scratch);
    if (value.kind != PG_TEXT)
        return value;
    unsigned seconds = (unsigned)(of_day / 1000000), fraction = (unsigned)(of_day % 1000000);
    char out[] = "Thh:mm:ss.ffffff", *end = out + 9;
    put_two(out + 1, seconds / 3600);
    put_two(out + 4, seconds / 60 % 60);
    put_two(out + 7, seconds % 60);
    if (fraction > 0) {
        put_two(out + 10, fraction / 10000);
        put_two(out + 12, fraction / 100 % 100);
        put_two(out + 14, fraction % 100);
        for (end = out + 16; end[-1] == '0';)
            end--;
    }
    buf_append(scratch, out, (size_t)(end - out));
    buf_append_str(scratch, str_from(zone));
    return text(buf_str(scratch));
}

/* Base-10000 digits (PostgreSQL src/backend/utils/adt/numeric.c, numeric_send) as decimal text. */
static struct pg_value numeric_value(struct str data, struct buf *scratch)
{
    if (data.n < 8)
        return bad();
    unsigned count = (unsigned)big_endian(data.p, 2), sign = (unsigned)big_endian(data.p + 4, 2);
    int weight = (int16_t)big_endian(data.p + 2, 2);
    unsigned scale = (unsigned)big_endian(data.p + 6, 2);
    if (sign == 0xC000)
        return text(STR("NaN"));
    if (sign == 0xD000 || sign == 0xF000)
        return text(sign == 0xD000 ? STR("Infinity") : STR("-Infinity"));
    if ((sign != 0 && sign != 0x4000) || data.n != 8 + 2 * (size_t)count || scale > 0x3fff)
        return bad();

    if (sign != 0)
        buf_append_char(scratch, '-');
    int first = weight > 0 ? weight : 0, last = -(int)(scale + 3) / 4; /* weights of the groups to print */
    size_t point = 0;
    for (int w = first; w >= last; w--) {
        int index = weight - w;
        unsigned digit = index >= 0 && (unsigned)index < count ? (unsigned)big_endian(data.p + 8 + 2 * index, 2) : 0;
        if (digit > 9999)
            return bad();
        buf_printf(scratch, w == first ? "%u" : "%04u", digit);
        if (w == 0)
            point = scratch->len;
    }
    scratch->len = point + scale; /* groups have four digits, the scale may want fewer */
    if (scale > 0) {
        buf_reserve(scratch, 1);
        memmove(scratch->data + point + 1, scratch->data + point, scale);
        scratch->data[point] = '.';
        scratch->len++;
    }
    return text(buf_str(scratch));
}

static struct pg_value uuid_value(struct str data, struct buf *scratch)
{
    static const char hex[] = "0123456789abcdef";
    static const unsigned char place[16] = {0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};
    char out[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    for (size_t i = 0; i < sizeof place; i++) {
        unsigned octet = (unsigned char)data.p[i];
        out[place[i]] = hex[octet >> 4];
        out[place[i] + 1] = hex[octet & 15];
    }
    buf_append(scratch, out, sizeof out - 1);
    return text(buf_str(scratch));
}

static bool has_size(uint32_t type, size_t n)
{
    switch (type) {
    case T_BOOL:
        return n == 1;
    case T_INT2:
        return n == 2;
    case T_INT4:
    case T_OID:
    case T_FLOAT4:
    case T_DATE:
        return n == 4;
    case T_INT8:
    case T_FLOAT8:
    case T_TIMESTAMP:
    case T_TIMESTAMPTZ:
        return n == 8;
    case T_UUID:
        return n == 16;
    default:
        return true;
    }
}

static struct pg_value decode_binary(uint32_t type, struct str data, struct buf *scratch)
{
    if (!has_size(type, data.n))
        return bad();
    uint64_t bits = data.n <= 8 ? big_endian(data.p, data.n) : 0;
    switch (type) {
    case T_BOOL:
        return (struct pg_value){.kind = PG_BOOLEAN, .boolean = bits != 0};
    case T_INT2:
        return number((int16_t)bits);
    case T_INT4:
        return number((int32_t)bits);
    case T_OID:
        return number((double)bits);
    case T_INT8:
        return int8_value((int64_t)bits);
    case T_FLOAT4: {
        float value;
        memcpy(&value, &(uint32_t){(uint32_t)bits}, sizeof value);
        return number(widen(value));
    }
    case T_FLOAT8: {
        double value;
        memcpy(&value, &bits, sizeof value);
        return number(value);
    }
    case T_DATE:
        return date_value((int32_t)bits, scratch);
    case T_TIMESTAMP:
        return time_value((int64_t)bits, "", scratch);
    case T_TIMESTAMPTZ:
        return time_value((int64_t)bits, "Z", scratch);
    case T_NUMERIC:
        return numeric_value(data, scratch);
    case T_UUID:
        return uuid_value(data, scratch);
    case T_JSONB: /* a version in front */
        if (data.n < 1 || data.p[0] != 1)
            return bad();
        return (struct pg_value){.kind = PG_JSON, .text = {data.p + 1, data.n - 1}};
    default:
        return text(data);
    }
}

static int hex_digit(char c)
{
    char lower = ascii_lower(c);
    return c >= '0' && c <= '9' ? c - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static struct pg_value bytea_from_text(struct str data, struct buf *scratch)
{
    if (data.n < 2 || data.p[0] != '\\' || data.p[1] != 'x')
        return bad();
    if (data.n % 2 != 0)
        return bad();
    for (size_t i = 2; i < data.n; i += 2) {
        int high = hex_digit(data.p[i]), low = hex_digit(data.p[i + 1]);
        if (high < 0 || low < 0)
            return bad();
        buf_append_char(scratch, (char)(high << 4 | low));
    }
    return text(buf_str(scratch));
}

/* "2026-01-31 12:00:00.5+00" → "2026-01-31T12:00:00.5Z": how PostgreSQL writes with DateStyle ISO. */
static struct pg_value time_from_text(struct str data, bool zone, struct buf *scratch)
{
    if (str_eq(data, STR("infinity")) || str_eq(data, STR("-infinity")))
        return text(data);
    if (data.n < 19 || data.p[4] != '-' || data.p[10] != ' ')
        return (struct pg_value){.kind = PG_RANGE};
    if (data.p[data.n - 1] == 'C') /* "… BC" */
        return (struct pg_value){.kind = PG_RANGE};
    buf_append(scratch, data.p, data.n);
    scratch->data[10] = 'T';
    if (!zone)
        return text(buf_str(scratch));
    char sign = data.p[data.n - 3];
    if (str_eq(str_of(data.p + data.n - 3, 3), STR("+00"))) {
        scratch->len -= 3;
        buf_append_char(scratch, 'Z');
    } else if (sign == '+' || sign == '-') {
        buf_append(scratch, ":00", 3);
    }
    return text(buf_str(scratch));
}

static struct pg_value date_from_text(struct str data)
{
    if (str_eq(data, STR("infinity")) || str_eq(data, STR("-infinity")))
        return text(data);
    return data.n == 10 ? text(data) : (struct pg_value){.kind = PG_RANGE};
}

/* A number with a NUL behind it, for strtod and strtoll, which must read all of it. */
static const char *number_text(struct str data, char digits[64])
{
    if (data.n == 0 || data.n >= 64)
        return "";
    memcpy(digits, data.p, data.n);
    digits[data.n] = '\0';
    return digits;
}

static struct pg_value integer_from_text(struct str data)
{
    char copy[64], *end;
    const char *digits = number_text(data, copy);
    int64_t value = strtoll(digits, &end, 10);
    return end != digits && *end == '\0' ? int8_value(value) : bad();
}

/* Also "NaN" and "Infinity", as float types say. */
static struct pg_value float_from_text(struct str data)
{
    char copy[64], *end;
    const char *digits = number_text(data, copy);
    double value = strtod(digits, &end);
    return end != digits && *end == '\0' ? number(value) : bad();
}

static struct pg_value decode_text(uint32_t type, struct str data, struct buf *scratch)
{
    switch (type) {
    case T_BOOL:
        if (!str_eq(data, STR("t")) && !str_eq(data, STR("f")))
            return bad();
        return (struct pg_value){.kind = PG_BOOLEAN, .boolean = data.p[0] == 't'};
    case T_INT2:
    case T_INT4:
    case T_INT8:
    case T_OID:
        return integer_from_text(data);
    case T_FLOAT4:
    case T_FLOAT8:
        return float_from_text(data);
    case T_BYTEA:
        return bytea_from_text(data, scratch);
    case T_JSON:
    case T_JSONB:
        return (struct pg_value){.kind = PG_JSON, .text = data};
    case T_TIMESTAMP:
        return time_from_text(data, false, scratch);
    case T_TIMESTAMPTZ:
        return time_from_text(data, true, scratch);
    case T_DATE:
        return date_from_text(data);
    default:
        return text(data);
    }
}

struct pg_value pg_decode(uint32_t type, bool binary, struct str data, struct buf *scratch)
{
    bool scalar = is_scalar(type);
    uint32_t element = scalar ? 0 : element_of(type);
    if (element)
        return (struct pg_value){.kind = PG_ARRAY, .element = element, .text = data};
    buf_clear(scratch);
    if (type == T_JSON)
        binary = false; /* both formats are the same octets */
    if (binary && !scalar)
        return bad();
    return binary ? decode_binary(type, data, scratch) : decode_text(type, data, scratch);
}
