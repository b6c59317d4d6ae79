/* main.c: the command line. serve, check, reload, status, stop and version are C; every other word is a command written
 * in Lua (process/command.h). */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "crypto/memory.h"
#include "process/candidate.h"
#include "process/command.h"
#include "process/control.h"
#include "process/serve.h"
#include "vm/loader.h"
#include "vm/settings.h"

enum { USAGE = 2 };

static const double RELOAD_LIMIT = 30, STOP_LIMIT = 900, STATUS_LIMIT = 5; /* seconds; a reload may wait for others */

struct options {
    const char *config, *control;
    bool watch, start, help;
    char **rest; /* what stands behind the options of this word */
};

static const char usage[] =
    "usage: toolboxd COMMAND [OPTIONS]\n"
    "\n"
    "  serve [--config FILE] [--watch]   run the server; --watch reloads on save\n"
    "  check [--config FILE] [--start]   check configuration and scripts, print the effective settings\n"
    "  reload [--control SOCKET]         load the scripts and settings anew; the old ones stay if they do not load\n"
    "  status [--control SOCKET]         what runs\n"
    "  stop [--control SOCKET]           finish what is in flight, then end\n"
    "  version\n"
    "  run FILE.lua [ARGUMENTS]          run a script with the host modules\n"
    "  test [SPECS]                      run specs\n"
    "  NAME [ARGUMENTS]                  run lua/commands/NAME.lua\n"
    "\n"
    "COMMAND --help tells more. FILE defaults to TOOLBOX_CONFIG, else config/development.lua (for test:\n"
    "config/test.lua); SOCKET to TOOLBOX_CONTROL.\n";

static int complain(const char *what, const char *which)
{
    fprintf(stderr, "toolboxd: %s%s; see toolboxd --help\n", what, which);
    return USAGE;
}

/* The file in the working folder, or beside the folder of this program: build/toolboxd runs from anywhere. */
static const char *default_config(const char *name)
{
    static char path[PATH_MAX + 64];
    char self[PATH_MAX];
    const char *named = getenv("TOOLBOX_CONFIG");
    if (named && *named)
        return named;
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (access(name, R_OK) == 0 || n < 0)
        return name;
    self[n] = '\0';
    snprintf(path, sizeof path, "%s/../%s", dirname(self), name);
    return access(path, R_OK) == 0 ? path : name;
}

/* Value of an option: "--name=value" or the next argument. NULL if it is missing. */
static const char *value_of(char ***p)
{
    char *equals = strchr(**p, '=');
    if (equals)
        return equals + 1;
    if (!(*p)[1])
        return NULL;
    return *++*p;
}

static bool is_option(const char *argument, const char *name)
{
    size_t n = strlen(name);
    return strncmp(argument, name, n) == 0 && (argument[n] == '\0' || argument[n] == '=');
}

/* Reads options up to the first other word. allowed: "c" --config, "s" --control, "w" --watch, "r" --start. 0, or an
 * exit code. */
static int read_options(char **arguments, const char *allowed, struct options *o)
{
    char **p = arguments;
    for (; *p && **p == '-'; p++) {
        const char *option = *p, **target = NULL;
        if (strcmp(option, "--help") == 0 || strcmp(option, "-h") == 0)
            o->help = true;
        else if (strchr(allowed, 'w') && strcmp(option, "--watch") == 0)
            o->watch = true;
        else if (strchr(allowed, 'r') && strcmp(option, "--start") == 0)
            o->start = true;
        else if (strchr(allowed, 'c') && is_option(option, "--config"))
            target = &o->config;
        else if (strchr(allowed, 's') && is_option(option, "--control"))
            target = &o->control;
        else
            return complain("unknown option ", option);
        if (target && !(*target = value_of(&p)))
            return complain("a value is missing after ", option);
    }
    o->rest = p;
    return 0;
}

/* The settings' columns are Lua, so that the output can be read as a configuration. */
static int run_check(const struct options *o)
{
    struct buf error = {0}, text = {0};
    int code = 0;
    int fd = candidate_check(o->config, NULL, o->start, &error, &code);
    if (fd < 0) {
        fprintf(stderr, "toolboxd: %s\n", buf_cstr(&error));
    } else {
        struct set *set = set_open(fd);
        settings_print(set_settings(set), &text);
        fwrite(text.data, 1, text.len, stdout);
        set_release(set);
        close(fd);
        code = 0;
    }
    buf_free(&error);
    buf_free(&text);
    return code;
}

static int ask(const struct options *o, const char *word, double seconds)
{
    struct buf answer = {0};
    const char *path = o->control ? o->control : getenv("TOOLBOX_CONTROL");
    if (!path || !*path)
        return complain("which server? Set TOOLBOX_CONTROL or give --control SOCKET", "");
    int result = control_ask(path, word, seconds, &answer);
    if (answer.len && answer.data[answer.len - 1] != '\n')
        buf_append_char(&answer, '\n');
    fprintf(result ? stderr : stdout, "%s%.*s", result ? "toolboxd: " : "", (int)answer.len, answer.data);
    buf_free(&answer);
    return result ? 1 : 0;
}

static int run_serve(const struct options *o)
{
    return serve(o->config, o->watch);
}

static int run_reload(const struct options *o)
{
    return ask(o, "reload", RELOAD_LIMIT);
}

static int run_status(const struct options *o)
{
    return ask(o, "status", STATUS_LIMIT);
}

static int run_stop(const struct options *o)
{
    return ask(o, "stop", STOP_LIMIT);
}

static int run_version(const struct options *o)
{
    (void)o;
    printf("toolboxd %s\n", TOOLBOX_VERSION);
    return 0;
}

static const struct word {
    const char *name, *allowed;
    int (*run)(const struct options *o);
    const char *help;
} words[] = {
    {"serve", "cw", run_serve,
     "usage: toolboxd serve [--config FILE] [--watch]\n\n"
     "Runs the server in the foreground. SIGHUP reloads, SIGTERM drains and ends.\n"
     "--watch reloads whenever a script or the configuration is saved.\n"},
    {"check", "cr", run_check,
     "usage: toolboxd check [--config FILE] [--start]\n\n"
     "Loads the configuration and all scripts as a reload would and prints the effective settings, secrets masked.\n"
     "--start: also asks whether a server could start, as serve does (databases and their migrations).\n"
     "Exit 2: the configuration or a database is wrong; 1: the scripts are.\n"},
    {"reload", "s", run_reload,
     "usage: toolboxd reload [--control SOCKET]\n\n"
     "Returns when every worker runs the new generation, or says what is wrong (exit 1) and leaves the old one.\n"},
    {"status", "s", run_status,
     "usage: toolboxd status [--control SOCKET]\n\nA line for the server, its listeners and workers.\n"},
    {"stop", "s", run_stop, "usage: toolboxd stop [--control SOCKET]\n\nReturns when the server has ended.\n"},
    {"version", "", run_version, "usage: toolboxd version\n"},
};

static int run_word(const struct word *word, char **arguments)
{
    struct options o = {0};
    int bad = read_options(arguments, word->allowed, &o);
    if (bad)
        return bad;
    if (o.help) {
        fputs(word->help, stdout);
        return 0;
    }
    if (*o.rest)
        return complain("unexpected argument ", *o.rest);
    if (!o.config)
        o.config = default_config("config/development.lua");
    return word->run(&o);
}

/* toolboxd NAME [--config FILE] [ARGUMENTS]: every other option is the command's. */
static int run_lua(const char *name, char **arguments)
{
    struct options o = {0};
    if (*arguments && is_option(*arguments, "--config")) {
        if (!(o.config = value_of(&arguments)))
            return complain("a value is missing after ", "--config");
        arguments++;
    }
    if (!o.config)
        o.config = default_config(strcmp(name, "test") == 0 ? "config/test.lua" : "config/development.lua");
    return command_run(o.config, name, arguments);
}

int main(int argc, char **argv)
{
    crypto_memory_init();
    if (argc < 2)
        return complain("a command is missing", "");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0)
        return run_version(NULL);
    if (argv[1][0] == '-')
        return complain("unknown option ", argv[1]);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(argv[1], words[i].name) == 0)
            return run_word(&words[i], argv + 2);
    return run_lua(argv[1], argv + 2);
}
