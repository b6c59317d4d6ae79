/* proto/accept.c: see accept.h. */
#include "proto/accept.h"

#include "proto/chars.h"

enum { FULL = 1000 };

/* qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ) as thousandths, -1 if it is none (RFC 9110 §12.4.2). */
static int quality_of(struct str s)
{
    int value = 0, place = 100;
    if (s.n == 0 || s.n > 5 || (s.p[0] != '0' && s.p[0] != '1') || (s.n > 1 && s.p[1] != '.'))
        return -1;
    value = (s.p[0] - '0') * FULL;
    for (size_t i = 2; i < s.n; i++, place /= 10) {
        if (!char_is(s.p[i], CHAR_DIGIT))
            return -1;
        value += (s.p[i] - '0') * place;
    }
    return value <= FULL ? value : -1;
}

/* Splits one member "token;a=b;q=0.5" into what stands before the first ';' and its weight (0 if malformed). */
static struct str member(struct str text, int *quality)
{
    struct str name = str_trim(str_cut(&text, ';'));
    *quality = FULL;
    while (text.p) {
        struct str value = str_trim(str_cut(&text, ';')), key = str_trim(str_cut(&value, '='));
        if (str_ieq(key, STR("q"))) {
            int q = quality_of(str_trim(value));
            *quality = q < 0 ? 0 : q;
        }
    }
    return name;
}

int accept_encoding(struct str accept_encoding, struct str coding)
{
    bool identity = str_ieq(coding, STR("identity"));
    int star = identity ? FULL : 0; /* identity is acceptable unless it is excluded */
    while (accept_encoding.p) {
        int quality;
        struct str name = member(str_cut(&accept_encoding, ','), &quality);
        if (str_ieq(name, coding) || (str_ieq(coding, STR("gzip")) && str_ieq(name, STR("x-gzip"))))
            return quality;
        if (str_eq(name, STR("*")) && (!identity || quality == 0))
            star = quality;
    }
    return star;
}
