/* proto/multipart.c: see multipart.h.
 *
 *   PREAMBLE ──delimiter──▶ AFTER ──line end──▶ HEAD ──empty line──▶ CONTENT ──delimiter──▶ AFTER ──"--"──▶ EPILOGUE
 *
 * A delimiter is CR LF "--" boundary, and no CR stands in it but the first octet. So when a match breaks off, what had
 * matched was content, and the search goes on at the octet that broke it: nothing is ever looked at twice. */
#include "proto/multipart.h"

#include "proto/chars.h"
#include "proto/utf8.h"

enum state { PREAMBLE, AFTER, HEAD, CONTENT, EPILOGUE, FAILED };

enum { GO_ON = MULTIPART_ERROR + 1 };

static int fail(struct multipart *m, const char *reason)
{
    m->state = FAILED;
    m->reason = reason;
    return MULTIPART_ERROR;
}

static struct str drop(struct str s, size_t n)
{
    return str_of(s.p + n, s.n - n);
}

/* End of the quoted-string whose opening quote stands at s.p[0], just behind the closing one; 0 if there is none. */
static size_t quoted_size(struct str s)
{
    for (size_t i = 1; i < s.n; i++) {
        if (s.p[i] == '\\' && i + 1 < s.n && (s.p[i + 1] == '"' || s.p[i + 1] == '\\'))
            i++;
        else if (s.p[i] == '"')
            return i + 1;
    }
    return 0;
}

/* Cuts `; name=value` off `*rest`; *value keeps its quotes. False at the end or if it is malformed (then rest->n > 0).
 */
static bool next_parameter(struct str *rest, struct str *name, struct str *value)
{
    struct str s = str_trim(*rest);
    *rest = s;
    if (s.n == 0 || s.p[0] != ';')
        return false;
    s = str_trim(drop(s, 1));
    const char *end = scan_class(s.p, s.p + s.n, CHAR_TOKEN);
    *name = str_of(s.p, (size_t)(end - s.p));
    s = drop(s, name->n);
    if (name->n == 0 || s.n < 2 || s.p[0] != '=')
        return false;
    s = drop(s, 1);
    size_t size = s.p[0] == '"' ? quoted_size(s) : (size_t)(scan_class(s.p, s.p + s.n, CHAR_TOKEN) - s.p);
    if (size == 0)
        return false;
    *value = str_of(s.p, size);
    *rest = drop(s, size);
    return true;
}

static struct str unquoted(struct str value)
{
    return value.n >= 2 && value.p[0] == '"' ? str_of(value.p + 1, value.n - 2) : value;
}

/* RFC 2046 §5.1.1: 1–70 bchars, the last no space. */
static bool boundary_valid(struct str s)
{
    static const char others[] = "'()+_,-./:=? ";
    if (s.n == 0 || s.n > MULTIPART_BOUNDARY_MAX || s.p[s.n - 1] == ' ')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!(char_is(s.p[i], CHAR_UNRESERVED) && s.p[i] != '~') && !memchr(others, s.p[i], sizeof others - 1))
            return false;
    return true;
}

bool multipart_init(struct multipart *m, struct str content_type, uint32_t parts_max)
{
    struct str name, value, boundary = STR_NULL, rest = content_type;
    size_t type_size = sizeof "multipart/form-data" - 1;
    *m = (struct multipart){.parts_max = parts_max, .state = PREAMBLE};
    if (rest.n < type_size || !str_ieq(str_of(rest.p, type_size), STR("multipart/form-data")))
        return false;
    rest = drop(rest, type_size);
    while (next_parameter(&rest, &name, &value)) {
        if (!str_ieq(name, STR("boundary")))
            continue;
        if (boundary.p)
            return false;
        boundary = unquoted(value);
    }
    if (rest.n || !boundary_valid(boundary))
        return false;
    memcpy(m->delimiter, "\r\n--", 4);
    memcpy(m->delimiter + 4, boundary.p, boundary.n);
    m->delimiter_size = (uint8_t)(4 + boundary.n);
    m->matched = 2; /* the line break before the first delimiter is not there if there is no preamble */
    return true;
}

void multipart_free(struct multipart *m)
{
    buf_free(&m->head);
}

bool multipart_complete(const struct multipart *m)
{
    return m->state == EPILOGUE;
}

/* A form's names come quoted with \" and \\ (RFC 9110 §5.6.4) or with %22, %0D, %0A (WHATWG HTML §4.10.21.8): undone in
 * place, in m->head, which is ours. */
static struct str unescape(struct multipart *m, struct str value)
{
    static const struct {
        struct str from;
        char to;
    } escapes[] = {{{"\\\"", 2}, '"'}, {{"\\\\", 2}, '\\'}, {{"%22", 3}, '"'}, {{"%0D", 3}, '\r'}, {{"%0A", 3}, '\n'}};
    struct str in = unquoted(value);
    char *out = m->head.data + (in.p - m->head.data);
    size_t n = 0;
    for (size_t i = 0, used; i < in.n; i += used) {
        char c = in.p[i];
        used = 1;
        for (size_t e = 0; e < sizeof escapes / sizeof *escapes; e++) {
            if (str_starts(drop(in, i), escapes[e].from)) {
                c = escapes[e].to;
                used = escapes[e].from.n;
                break;
            }
        }
        out[n++] = c;
    }
    return str_of(out, n);
}

/* Content-Disposition: form-data; name="…"; filename="…" (RFC 7578 §4.2). */
static bool read_disposition(struct multipart *m, struct str value)
{
    struct str key, parameter, kind = STR("form-data");
    if (m->name.p || value.n < kind.n || !str_ieq(str_of(value.p, kind.n), kind))
        return false;
    value = drop(value, kind.n);
    while (next_parameter(&value, &key, &parameter)) {
        struct str *target = str_ieq(key, STR("name")) ? &m->name : str_ieq(key, STR("filename")) ? &m->filename : NULL;
        if (!target)
            continue;
        if (target->p)
            return false;
        *target = unescape(m, parameter);
        if (!utf8_valid(*target))
            return false;
    }
    return value.n == 0 && m->name.p;
}

static bool read_field(struct multipart *m, struct str line)
{
    struct str value = line, name = str_cut(&value, ':');
    if (!value.p || name.n == 0 || scan_class(name.p, name.p + name.n, CHAR_TOKEN) != name.p + name.n)
        return false;
    value = str_trim(value);
    if (scan_value(value.p, value.p + value.n) != value.p + value.n)
        return false;
    if (str_ieq(name, STR("content-disposition")))
        return read_disposition(m, value);
    if (str_ieq(name, STR("content-type")))
        m->type = value;
    return true;
}

/* The part's head is in m->head, with the empty line. */
static int begin_part(struct multipart *m)
{
    struct str rest = str_of(m->head.data, m->head.len - 2);
    m->name = m->filename = m->type = STR_NULL;
    if (m->parts++ >= m->parts_max)
        return fail(m, "too many parts");
    while (rest.n) {
        const char *end = memmem(rest.p, rest.n, "\r\n", 2);
        struct str line = str_of(rest.p, end ? (size_t)(end - rest.p) : rest.n);
        rest = end ? drop(rest, line.n + 2) : STR_NULL;
        if (!read_field(m, line))
            return fail(m, "malformed part head");
    }
    if (!m->name.p)
        return fail(m, "part without a name");
    m->state = CONTENT;
    m->matched = 0;
    return MULTIPART_PART;
}

static bool head_complete(const struct buf *head)
{
    if (head->len == 2)
        return memcmp(head->data, "\r\n", 2) == 0;
    return head->len >= 4 && memcmp(head->data + head->len - 4, "\r\n\r\n", 4) == 0;
}

static int read_head(struct multipart *m, struct str *input)
{
    while (input->n) {
        const char *lf = memchr(input->p, '\n', input->n);
        size_t take = lf ? (size_t)(lf + 1 - input->p) : input->n;
        if (m->head.len + take > MULTIPART_HEAD_MAX)
            return fail(m, "part head too large");
        buf_append(&m->head, input->p, take);
        *input = drop(*input, take);
        if (head_complete(&m->head))
            return begin_part(m);
    }
    return MULTIPART_MORE;
}

/* Behind a delimiter: "--" for the last one, or blanks and the end of the line (RFC 2046 §5.1.1). `matched` counts what
 * has been seen of "--" or of CR LF. */
static int read_after(struct multipart *m, struct str *input)
{
    enum { DASH = 1, CR = 2, BLANK = 3 };
    while (input->n) {
        char c = input->p[0];
        *input = drop(*input, 1);
        if (c == '-' && m->matched == 0) {
            m->matched = DASH;
        } else if (c == '-' && m->matched == DASH) {
            m->state = EPILOGUE;
            return MULTIPART_END;
        } else if ((c == ' ' || c == '\t') && (m->matched == 0 || m->matched == BLANK)) {
            m->matched = BLANK;
        } else if (c == '\r' && (m->matched == 0 || m->matched == BLANK)) {
            m->matched = CR;
        } else if (c == '\n' && m->matched == CR) {
            buf_clear(&m->head);
            m->state = HEAD;
            return GO_ON;
        } else {
            return fail(m, "malformed delimiter");
        }
    }
    return MULTIPART_MORE;
}

/* Goes on comparing with the delimiter, of which m->matched octets have been seen. GO_ON: it is complete. DATA: it was
 * none, *data is what had been held back. */
static int match_delimiter(struct multipart *m, struct str *input, struct str *data)
{
    while (m->matched < m->delimiter_size) {
        if (input->n == 0)
            return MULTIPART_MORE;
        if (input->p[0] != m->delimiter[m->matched]) {
            *data = str_of(m->delimiter, m->matched);
            m->matched = 0;
            return MULTIPART_DATA;
        }
        m->matched++;
        *input = drop(*input, 1);
    }
    m->matched = 0;
    return GO_ON;
}

static int read_content(struct multipart *m, struct str *input, struct str *data)
{
    if (m->matched == 0) {
        const char *cr = input->n ? memchr(input->p, '\r', input->n) : NULL;
        size_t before = cr ? (size_t)(cr - input->p) : input->n;
        if (before) {
            *data = str_of(input->p, before);
            *input = drop(*input, before);
            return MULTIPART_DATA;
        }
    }
    int event = match_delimiter(m, input, data);
    if (event != GO_ON)
        return event;
    m->state = AFTER;
    return MULTIPART_LAST;
}

static int read_preamble(struct multipart *m, struct str *input)
{
    struct str ignored;
    int event = read_content(m, input, &ignored);
    return event == MULTIPART_LAST || event == MULTIPART_DATA ? GO_ON : event;
}

static int step(struct multipart *m, struct str *input, struct str *data)
{
    switch ((enum state)m->state) {
    case PREAMBLE:
        return read_preamble(m, input);
    case AFTER:
        return read_after(m, input);
    case HEAD:
        return read_head(m, input);
    case CONTENT:
        return read_content(m, input, data);
    case EPILOGUE:
        *input = drop(*input, input->n);
        return MULTIPART_MORE;
    case FAILED:
        break;
    }
    return MULTIPART_ERROR;
}

enum multipart_event multipart_next(struct multipart *m, struct str input, size_t *consumed, struct str *data)
{
    struct str rest = input.p ? input : STR("");
    int event;
    do
        event = step(m, &rest, data);
    while (event == GO_ON);
    *consumed = input.n - rest.n;
    return (enum multipart_event)event;
}
