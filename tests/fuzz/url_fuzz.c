/* URLs: decoding never grows, and gives UTF-8 without NUL. */
#include "fuzz.h"

#include "proto/url.h"
#include "proto/utf8.h"

static void decode(struct str input)
{
    char *out = malloc(input.n ? input.n : 1);
    size_t n;
    if (url_decode(input, out, &n))
        PROMISE(n <= input.n && utf8_valid(str_of(out, n)) && (n == 0 || !memchr(out, 0, n)));
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *block = exact_copy(data, size);
    struct str input = str_of(block, size);
    decode(input);
    if (url_path_is_plain(input))
        PROMISE(size > 0 && block[0] == '/' && !memmem(block, size, "/../", 4));
    if (url_authority_valid(input))
        PROMISE(size > 0 && !memchr(block, '@', size) && !memchr(block, '/', size) && !memchr(block, ' ', size));
    free(block);
    return 0;
}
