/* bind/certificates.c: see certificates.h. */
#include "bind/certificates.h"

#include <stdio.h>

#include "loop/tls.h"
#include "vm/loader.h"
#include "vm/settings.h"

enum { CERTIFICATES_MAX = 64, PATH_SIZE = 256, FILE_SIZE = 1024 };

struct rows {
    const struct set *set;
    const char *path; /* services.NAME.tls */
    struct tls_certificate list[CERTIFICATES_MAX];
    size_t count;
};

static const char *field_of(const struct rows *rows, const char *row, const char *field)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s.%s.%s", rows->path, row, field);
    return settings_text(set_settings(rows->set), path);
}

/* The content of the file that the row names, from the set; empty if it names none. */
static struct str file_of(const struct rows *rows, const char *row, const char *field)
{
    char name[FILE_SIZE];
    const char *text = field_of(rows, row, field);
    if (!text)
        return STR_NULL;
    if (text[0] == '/')
        snprintf(name, sizeof name, "%s", text);
    else
        snprintf(name, sizeof name, "%s/%s", settings_root(set_settings(rows->set)), text);
    const struct set_entry *entry = set_find(rows->set, SET_CERTIFICATE, str_from(name));
    return entry ? entry->data : STR_NULL;
}

static void add_row(void *arg, const char *name, const struct setting *setting)
{
    struct rows *rows = arg;
    (void)setting;
    if (rows->count < CERTIFICATES_MAX)
        rows->list[rows->count++] = (struct tls_certificate){
            .name = str_from(field_of(rows, name, "certificate")),
            .chain = file_of(rows, name, "certificate"),
            .key = file_of(rows, name, "key"),
            .ocsp = file_of(rows, name, "ocsp"),
        };
}

struct tls_context *certificates_context(const struct set *set, const char *service, struct tls_tickets *tickets,
                                         struct buf *error)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "services.%s.tls", service);
    struct rows rows = {.set = set, .path = path};
    settings_each(set_settings(set), path, add_row, &rows);
    if (rows.count == 0)
        return NULL;
    return tls_context_new(
        &(struct tls_options){.certificates = rows.list, .count = rows.count, .tickets = tickets, .http2 = true},
        error);
}

struct check {
    const struct set *set;
    struct buf *error;
};

static void check_service(void *arg, const char *name, const struct setting *setting)
{
    struct check *check = arg;
    (void)setting;
    if (check->error->len)
        return;
    struct tls_context *context = certificates_context(check->set, name, NULL, check->error);
    if (context)
        tls_context_release(context);
}

bool certificates_check(const struct set *set, struct buf *error)
{
    settings_each(set_settings(set), "services", check_service, &(struct check){set, error});
    return error->len == 0;
}
