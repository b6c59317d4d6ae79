/* URLs: decoding never grows, gives UTF-8 without NUL, and undoes encoding. */
#include "fuzz.h"

#include "proto/url.h"
#include "proto/utf8.h"

static void decode(struct str input, bool plus)
{
    char *out = malloc(input.n ? input.n : 1);
    size_t n, again;
    if (url_decode(input, plus, out, &n)) {
        struct buf encoded = {0};
        PROMISE(n <= input.n && utf8_valid(str_of(out, n)) && (n == 0 || !memchr(out, 0, n)));
        url_encode(&encoded, str_of(out, n), "");
        PROMISE(url_decode(buf_str(&encoded), plus, encoded.data, &again)); /* in place, too */
        PROMISE(str_eq(str_of(encoded.data, again), str_of(out, n)));
        buf_free(&encoded);
    }
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *block = exact_copy(data, size);
    struct str input = str_of(block, size), rest = input, name, value;
    size_t pieces = 0;
    decode(input, false);
    decode(input, true);
    while (url_query_next(&rest, &name, &value))
        PROMISE(++pieces <= size && name.n + value.n <= size && (!name.n || !memchr(name.p, '=', name.n)));
    if (url_path_is_plain(input))
        PROMISE(size > 0 && block[0] == '/' && !memmem(block, size, "/../", 4));
    if (url_authority_valid(input))
        PROMISE(size > 0 && !memchr(block, '@', size) && !memchr(block, '/', size) && !memchr(block, ' ', size));
    free(block);
    return 0;
}
