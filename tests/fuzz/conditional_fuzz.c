/* Preconditions, ranges, dates and negotiation: answers stay within what they promise. The input is cut at line feeds
 * into the fields. */
#include "fuzz.h"

#include "base/clock.h"
#include "proto/accept.h"
#include "proto/conditional.h"

static void check_date(struct str text)
{
    char again[HTTP_DATE_SIZE];
    time_t t, back;
    if (!http_date_parse(text, &t) || t < -62167219200 || t > 253402300799) /* years 0–9999 */
        return;
    clock_format_http(t, again);
    PROMISE(http_date_parse(str_of(again, sizeof again), &back) && back == t);
}

static void check_range(struct str range, struct str if_range, const struct validators *v, uint64_t size)
{
    uint64_t first, last;
    if (range_parse(range, if_range, v, size, &first, &last) == RANGE_ONE)
        PROMISE(first <= last && last < size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *block = exact_copy(data, size);
    struct str rest = str_of(block, size), field[6];
    for (size_t i = 0; i < 6; i++)
        field[i] = rest.p ? str_cut(&rest, '\n') : STR_NULL;
    struct validators v = {
        .etag = etag_valid(field[4]) ? field[4] : STR("\"a\""), .modified = 784111777, .exists = true};
    struct preconditions p = {field[0], field[1], field[2], field[3]};
    int get = precondition_check(&p, &v, true), put = precondition_check(&p, &v, false);
    PROMISE((get == 0 || get == 304 || get == 412) && (put == 0 || put == 412));
    for (size_t i = 0; i < 6; i++) {
        check_date(field[i]);
        check_range(field[i], field[5], &v, 100);
        check_range(field[i], STR_NULL, &v, 0);
        int coding = accept_encoding(field[i], STR("gzip"));
        PROMISE(coding >= 0 && coding <= 1000);
        if (etag_valid(field[i]))
            PROMISE(etag_weak_equal(field[i], field[i]));
    }
    free(block);
    return 0;
}
