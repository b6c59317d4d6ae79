/* Values of PostgreSQL: two octets choose type and format, the rest is the value. Arrays are walked to their end. */
#include "fuzz.h"

#include "client/pg_type.h"

#include <math.h>

enum { BOOL = 16, INT8 = 20, INT2 = 21, INT4 = 23, OID = 26, JSON = 114, JSONB = 3802 }; /* pg_type.dat */

static const uint16_t types[] = {16,   17,   18,   19,   20,   21,   23,   25,   26,   114,  700,  701,
                                 1042, 1043, 1082, 1114, 1184, 1700, 2950, 3802, 199,  1000, 1001, 1005,
                                 1007, 1009, 1016, 1021, 1022, 1115, 1182, 1185, 1231, 2951, 3807, 0};

/* Every octet of a text can be read; what is an integer to PostgreSQL is one here, exactly. */
static void check(uint32_t type, struct pg_value value)
{
    bool integer = type == INT2 || type == INT4 || type == INT8 || type == OID;
    if (value.kind == PG_NUMBER && integer)
        PROMISE(value.number == floor(value.number) && fabs(value.number) <= 9007199254740992.0);
    if (value.kind == PG_TEXT || value.kind == PG_JSON || value.kind == PG_ARRAY)
        free(exact_copy(value.text.p, value.text.n));
    PROMISE(value.kind != PG_BOOLEAN || type == BOOL);
    PROMISE(value.kind != PG_JSON || type == JSON || type == JSONB);
}

static void walk(uint32_t element, bool binary, struct str data, struct buf *scratch)
{
    struct pg_array a;
    int depth = 0;
    pg_array_open(&a, element, binary, data);
    for (;;) {
        struct str value = STR_NULL;
        enum pg_array_event event = pg_array_next(&a, &value);
        depth += event == PG_ARRAY_OPEN ? 1 : event == PG_ARRAY_CLOSE ? -1 : 0;
        PROMISE(depth >= 0 && depth <= PG_ARRAY_DIMENSIONS);
        if (event == PG_ARRAY_ELEMENT)
            check(element, pg_decode(element, binary, value, scratch));
        if (event == PG_ARRAY_BAD)
            break;
        if (event == PG_ARRAY_END) {
            PROMISE(depth == 0);
            break;
        }
    }
    pg_array_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct buf scratch;
    if (size < 2)
        return 0;
    uint32_t type = types[data[0] % (sizeof types / sizeof *types)];
    bool binary = data[1] & 1;
    char *block = exact_copy(data + 2, size - 2);
    struct pg_value value = pg_decode(type, binary, str_of(block, size - 2), &scratch);
    check(type, value);
    if (value.kind == PG_ARRAY)
        walk(value.element, binary, value.text, &scratch);
    free(block);
    return 0;
}
