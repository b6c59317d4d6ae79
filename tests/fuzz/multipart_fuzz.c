/* Forms: whatever the split, the same parts. The first octet of the input says how long the pieces are; the boundary is
 * "b". */
#include "fuzz.h"

#include "proto/multipart.h"
#include "proto/utf8.h"

enum { PARTS = 4 };

static struct buf read_all(struct str input, size_t step)
{
    struct multipart m;
    struct buf seen = {0};
    enum multipart_event event = MULTIPART_MORE;
    uint32_t parts = 0;
    PROMISE(multipart_init(&m, STR("multipart/form-data; boundary=b"), PARTS));
    for (size_t from = 0; from < input.n && event != MULTIPART_ERROR; from += step) {
        size_t n = input.n - from < step ? input.n - from : step, at = 0, consumed;
        char *block = exact_copy(input.p + from, n);
        struct str data;
        while ((event = multipart_next(&m, str_of(block + at, n - at), &consumed, &data)) != MULTIPART_MORE) {
            at += consumed;
            PROMISE(at <= n);
            if (event == MULTIPART_PART) {
                PROMISE(++parts <= PARTS && m.name.p && utf8_valid(m.name) && utf8_valid(m.filename));
                buf_printf(&seen, "<%.*s|%.*s|%.*s>", STR_ARG(m.name), STR_ARG(m.filename), STR_ARG(m.type));
            } else if (event == MULTIPART_DATA) {
                PROMISE(data.n > 0);
                buf_append_str(&seen, data);
            } else {
                buf_printf(&seen, "!%d", event);
            }
            if (event == MULTIPART_ERROR)
                break;
        }
        PROMISE(event == MULTIPART_ERROR || at + consumed == n);
        free(block);
    }
    multipart_free(&m);
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct multipart m;
    if (size < 2)
        return 0;
    struct str input = str_of(data + 1, size - 1);
    struct buf whole = read_all(input, input.n), split = read_all(input, data[0] % 23 + 1);
    PROMISE(str_eq(buf_str(&whole), buf_str(&split)));
    buf_free(&whole);
    buf_free(&split);
    if (multipart_init(&m, input, 1))
        PROMISE(m.delimiter_size > 4 && m.delimiter_size <= sizeof m.delimiter);
    return 0;
}
