/* vm/forbidden.c: see forbidden.h. A scanner of Lua tokens that knows comments and strings, and looks at three tokens
 * at a time: a library, a dot, a field. */
#include "vm/forbidden.h"

#include <ctype.h>
#include <string.h>

struct scan {
    const char *p, *end;
    int line;
};

enum token_kind { END, NAME, STRING, OTHER };

struct token {
    enum token_kind kind;
    struct str text; /* of a string: what stands between its quotes */
    int line;
};

/* "[", any number of "=", "[": returns how many "=", or -1. */
static int long_bracket(const char *p, const char *end)
{
    int level = 0;
    if (p >= end || *p++ != '[')
        return -1;
    while (p < end && *p == '=')
        p++, level++;
    return p < end && *p == '[' ? level : -1;
}

static char next_char(struct scan *s)
{
    if (*s->p == '\n')
        s->line++;
    return *s->p++;
}

/* Skips a long string or comment that opens here. */
static struct str skip_long(struct scan *s, int level)
{
    s->p += level + 2;
    const char *start = s->p;
    while (s->p < s->end) {
        if (next_char(s) != ']')
            continue;
        const char *q = s->p;
        int n = 0;
        while (q < s->end && *q == '=')
            q++, n++;
        if (n == level && q < s->end && *q == ']') {
            struct str text = str_of(start, (size_t)(s->p - 1 - start));
            s->p = q + 1;
            return text;
        }
    }
    return str_of(start, (size_t)(s->end - start));
}

static struct str skip_quoted(struct scan *s)
{
    char quote = *s->p++;
    const char *start = s->p;
    while (s->p < s->end && *s->p != quote) {
        if (next_char(s) == '\\' && s->p < s->end)
            next_char(s);
    }
    struct str text = str_of(start, (size_t)(s->p - start));
    if (s->p < s->end)
        s->p++;
    return text;
}

/* Blanks and comments. */
static void skip_space(struct scan *s)
{
    while (s->p < s->end) {
        if (isspace((unsigned char)*s->p)) {
            next_char(s);
        } else if (s->end - s->p >= 2 && s->p[0] == '-' && s->p[1] == '-') {
            s->p += 2;
            int level = long_bracket(s->p, s->end);
            if (level >= 0)
                skip_long(s, level);
            else
                while (s->p < s->end && *s->p != '\n')
                    s->p++;
        } else {
            return;
        }
    }
}

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static struct token next_token(struct scan *s)
{
    skip_space(s);
    struct token t = {.kind = END, .line = s->line};
    if (s->p >= s->end)
        return t;
    const char *start = s->p;
    int level = long_bracket(s->p, s->end);
    if (level >= 0 || *s->p == '"' || *s->p == '\'') {
        t.kind = STRING;
        t.text = level >= 0 ? skip_long(s, level) : skip_quoted(s);
        return t;
    }
    if (is_name(*s->p)) {
        t.kind = NAME;
        while (s->p < s->end && is_name(*s->p))
            s->p++;
    } else {
        t.kind = OTHER; /* one character, but ".." and "..." are no field access */
        s->p++;
        while (*start == '.' && s->p < s->end && *s->p == '.')
            s->p++;
    }
    t.text = str_of(start, (size_t)(s->p - start));
    return t;
}

static const struct {
    const char *library, *fields; /* only these fields are open, each between spaces */
} libraries[] = {
    {"os", " clock date difftime getenv time "},
    {"io", " "},
    {"debug", " traceback getinfo "},
    {"package", " loaded "},
};

static bool closed_field(struct str library, struct str field)
{
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        if (!str_eq(library, str_from(libraries[i].library)))
            continue;
        for (const char *p = libraries[i].fields; (p = strchr(p, ' ')) && p[1]; p++)
            if (strncmp(p + 1, field.p, field.n) == 0 && p[1 + field.n] == ' ')
                return false;
        return true;
    }
    return false;
}

static bool is_other(const struct token *t, char c)
{
    return t->kind == OTHER && t->text.n == 1 && t->text.p[0] == c;
}

bool forbidden_find(struct str source, const char *file, struct buf *error)
{
    struct scan s = {source.p, source.p + source.n, 1};
    struct token before = {.kind = OTHER, .text = STR(";")}, a = next_token(&s), b = next_token(&s), c = next_token(&s);
    for (; a.kind != END; before = a, a = b, b = c, c = next_token(&s)) {
        if (a.kind != NAME || is_other(&before, '.') || is_other(&before, ':'))
            continue;
        bool field = is_other(&b, '.') && c.kind == NAME, index = is_other(&b, '[') && c.kind == STRING;
        if ((field || index) && closed_field(a.text, c.text)) {
            buf_printf(error, "%s:%d: %.*s.%.*s is not open to served scripts", file, a.line, STR_ARG(a.text),
                       STR_ARG(c.text));
            return true;
        }
        struct str argument = b.kind == STRING ? b.text : is_other(&b, '(') && c.kind == STRING ? c.text : STR_NULL;
        if (str_eq(a.text, STR("require")) && str_eq(argument, STR("ffi"))) {
            buf_printf(error, "%s:%d: ffi is not open to served scripts", file, a.line);
            return true;
        }
        if ((str_eq(a.text, STR("dofile")) || str_eq(a.text, STR("loadfile"))) && is_other(&b, '(')) {
            buf_printf(error, "%s:%d: %.*s is not open to served scripts: use require", file, a.line, STR_ARG(a.text));
            return true;
        }
    }
    return false;
}
