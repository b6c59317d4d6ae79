/* process/watch.c: serve --watch: reloads when a file of the set or the configuration is saved. Owns an inotify
 * descriptor on their folders; a moment's quiet ends a burst of saves. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "loop/poll.h"
#include "process/master.h"
#include "vm/settings.h"

enum { DEPTH_MAX = 32 };

static const double QUIET = 0.1; /* seconds */

struct watcher {
    struct master *master;
    struct watch watch;
    struct timer quiet;
    int fd;
};

static void look_at(struct watcher *w, const char *folder, int depth)
{
    DIR *dir = depth < DEPTH_MAX ? opendir(folder) : NULL;
    if (!dir)
        return;
    if (inotify_add_watch(w->fd, folder, IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO) < 0)
        log_write(LOG_WARN, "changes in a folder will not be noticed", log_str("folder", folder),
                  log_str("error", strerror(errno)), LOG_END);
    for (struct dirent *e; (e = readdir(dir));) {
        struct buf path = {0};
        struct stat st;
        buf_printf(&path, "%s/%s", folder, e->d_name);
        if (e->d_name[0] != '.' && stat(buf_cstr(&path), &st) == 0 && S_ISDIR(st.st_mode))
            look_at(w, buf_cstr(&path), depth + 1);
        buf_free(&path);
    }
    closedir(dir);
}

static void look_at_each(void *arg, const char *name, const struct setting *setting)
{
    (void)name;
    look_at(arg, setting->text, 0);
}

void watcher_refresh(struct watcher *w)
{
    const struct settings *settings = master_settings(w->master);
    char *folder = mem_dup(settings_file(settings), strlen(settings_file(settings)));
    char *slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
    look_at(w, slash ? folder : ".", 0);
    free(folder);
    settings_each(settings, "roots", look_at_each, w);
    settings_each(settings, "assets", look_at_each, w);
    if (w->master->last_error)
        fprintf(stderr, "toolboxd: reload refused: %s", w->master->last_error);
}

static void on_quiet(struct timer *timer)
{
    struct watcher *w = (struct watcher *)((char *)timer - offsetof(struct watcher, quiet));
    reload_request(w->master, NULL);
}

/* Editors write scratch files: only names that a set may hold count. */
static bool counts(const char *name)
{
    size_t n = strlen(name);
    return n > 0 && name[0] != '.' && name[0] != '#' && name[n - 1] != '~' && strcmp(name, "4913") != 0;
}

static void on_change(struct watch *watch, unsigned events)
{
    struct watcher *w = (struct watcher *)((char *)watch - offsetof(struct watcher, watch));
    char data[8192] __attribute__((aligned(8)));
    ssize_t n;
    (void)events;
    while ((n = read(watch->fd, data, sizeof data)) > 0) {
        for (char *p = data; p < data + n;) {
            struct inotify_event *e = (struct inotify_event *)p;
            p += sizeof *e + e->len;
            if (e->len && counts(e->name))
                timer_start(&w->quiet, QUIET);
        }
    }
}

struct watcher *watcher_start(struct master *m)
{
    struct watcher *w = mem_zalloc(sizeof *w);
    w->master = m;
    w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    timer_init(&w->quiet, m->loop, on_quiet);
    if (w->fd < 0) {
        log_write(LOG_ERROR, "changed files will not be noticed", log_str("error", strerror(errno)), LOG_END);
        free(w);
        return NULL;
    }
    watch_start(&w->watch, m->loop, w->fd, WATCH_READ, on_change);
    watcher_refresh(w);
    return w;
}

void watcher_stop(struct watcher *w)
{
    timer_stop(&w->quiet);
    watch_stop(&w->watch);
    close(w->fd);
    free(w);
}
