/* Settings: values from the environment (durations, sizes, addresses), and packed settings as a worker reads them. */
#include "fuzz.h"

#include <math.h>

#include "vm/settings.h"
#include "vm/settings_type.h"

static void notations(const char *text, size_t size)
{
    double value;
    if (settings_parse_duration(text, size, &value))
        PROMISE(isfinite(value) && value >= 0 && size < 32);
    if (settings_parse_size(text, size, &value))
        PROMISE(value >= 0 && value == floor(value));
    if (settings_check_address(text, size))
        PROMISE(memchr(text, ':', size) && !memchr(text, 0, size));
}

static void count(void *arg, const char *name, const struct setting *setting)
{
    PROMISE(name[0] == 0 || strstr(setting->path, name));
    ++*(size_t *)arg;
}

/* What unpacks packs to the same settings again. */
static void packed(const char *data, size_t size)
{
    struct settings *s = settings_unpack(data, size);
    if (!s)
        return;
    struct buf again = {0}, third = {0}, text = {0};
    size_t top = 0;
    settings_each(s, NULL, count, &top);
    settings_print(s, &text);
    settings_pack(s, &again);
    struct settings *copy = settings_unpack(again.data, again.len);
    PROMISE(copy);
    settings_pack(copy, &third);
    PROMISE(str_eq(buf_str(&again), buf_str(&third)));
    settings_free(copy);
    settings_free(s);
    buf_free(&again);
    buf_free(&third);
    buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *block = exact_copy(data, size);
    notations(block, size);
    packed(block, size);
    free(block);
    return 0;
}
