/* process/listeners.c: see listeners.h. */
#include "process/listeners.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "loop/listen.h"
#include "vm/settings.h"

struct opening {
    struct listeners *all, *inherited;
    const struct settings *settings;
    const char *service;
    const char *name; /* for messages */
    struct buf *error;
};

static bool is_unix(const char *address)
{
    return strncmp(address, "unix:", 5) == 0;
}

/* SO_REUSEPORT would let us join in on another daemon's port: a socket without it finds out whether somebody is there,
 * and learns the number when port 0 lets the system choose. */
static int probe(const char *address, char *bound, size_t size, struct opening *o)
{
    char problem[256];
    int fd = listen_open(address, false, problem, sizeof problem);
    if (fd < 0 || !listen_address(fd, bound, size)) {
        buf_printf(o->error, "%s: %s", o->name, fd < 0 ? problem : strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

static struct listener_row *add_row(struct listeners *all)
{
    all->rows = mem_realloc(all->rows, (all->count + 1) * sizeof *all->rows);
    return &all->rows[all->count++];
}

static bool take_inherited(struct opening *o, const char *address)
{
    struct listeners *from = o->inherited;
    for (size_t i = 0; from && i < from->count; i++) {
        struct listener_row *row = &from->rows[i];
        if (strcmp(row->service, o->service) != 0 || strcmp(row->configured, address) != 0)
            continue;
        *add_row(o->all) = *row;
        *row = from->rows[--from->count];
        return true;
    }
    return false;
}

static void open_row(struct opening *o, const char *address)
{
    struct listeners *all = o->all;
    if (take_inherited(o, address))
        return;
    char bound[256], problem[256];
    int fd = probe(address, bound, sizeof bound, o);
    if (fd < 0)
        return;
    struct listener_row *row = add_row(all);
    *row = (struct listener_row){.service = mem_dup(o->service, strlen(o->service)),
                                 .configured = mem_dup(address, strlen(address)),
                                 .address = mem_dup(bound, strlen(bound)),
                                 .fds = mem_alloc(all->workers * sizeof(int))};
    bool one = is_unix(address);
    if (!one)
        close(fd);
    for (unsigned i = 0; i < all->workers; i++) {
        row->fds[i] = one ? fd : o->error->len ? -1 : listen_open(bound, true, problem, sizeof problem);
        if (row->fds[i] < 0 && o->error->len == 0)
            buf_printf(o->error, "%s: %s", o->name, problem);
    }
}

static void open_address(void *arg, const char *name, const struct setting *setting)
{
    struct opening *o = arg;
    (void)name;
    if (o->error->len == 0)
        open_row(o, setting->text);
}

static void open_service(void *arg, const char *name, const struct setting *setting)
{
    struct opening *o = arg;
    struct buf path = {0};
    (void)setting;
    o->service = o->name = name;
    buf_printf(&path, "services.%s.listen", name);
    settings_each(o->settings, buf_cstr(&path), open_address, o);
    buf_free(&path);
}

bool listeners_open(struct listeners *all, const struct settings *settings, unsigned workers,
                    struct listeners *inherited, struct buf *error)
{
    struct opening o = {all, inherited, settings, "", "services", error};
    *all = (struct listeners){.workers = workers};
    settings_each(settings, "services", open_service, &o);
    o.service = "";
    o.name = "admin_listen";
    if (error->len == 0 && settings_text(settings, "admin_listen"))
        open_row(&o, settings_text(settings, "admin_listen"));
    if (error->len)
        listeners_close(all);
    return error->len == 0;
}

void listeners_close(struct listeners *all)
{
    for (size_t r = 0; r < all->count; r++) {
        struct listener_row *row = &all->rows[r];
        for (unsigned i = 0; i < all->workers; i++)
            if (row->fds[i] >= 0 && (i == 0 || row->fds[i] != row->fds[0]))
                close(row->fds[i]);
        if (is_unix(row->address))
            unlink(row->address + 5);
        free(row->service);
        free(row->configured);
        free(row->address);
        free(row->fds);
    }
    free(all->rows);
    *all = (struct listeners){0};
}
