/* The accepted set: what is compiled into it, what is refused, and that readers get the same back (vm/loader.h). */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "loop/loop.h"
#include "vm/generation.h"
#include "vm/loader.h"
#include "vm/settings.h"
#include "vm/vm.h"

static const char rows[] = "return {\n"
                           "  { name = 'app', type = 'string', default = 'app' },\n"
                           "  { name = 'roots', type = 'list', of = 'path', default = { 'lua' } },\n"
                           "  { name = 'assets', type = 'list', of = 'path', default = {} },\n"
                           "  { name = 'script_guard', type = 'boolean', default = false },\n"
                           "  { name = 'services', type = 'map', default = {}, of = { type = 'record', fields = {\n"
                           "      { name = 'listen', type = 'list', of = 'address', required = true },\n"
                           "      { name = 'tls', type = 'list', of = { type = 'record', fields = {\n"
                           "          { name = 'certificate', type = 'path', required = true },\n"
                           "          { name = 'key', type = 'path', required = true } } } } } } },\n"
                           "}\n";

static const char app[] = "local helper = require 'sub.helper'\nreturn { services = {}, value = helper }\n";

struct fixture {
    char folder[64];
    struct buf error;
};

static void write_file(const struct fixture *f, const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    for (char *p = path + 1; (p = strchr(p, '/')); p++) {
        *p = '\0';
        mkdir(path, 0700);
        *p = '/';
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->folder, "/tmp/set-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    write_file(f, "config/default.lua", rows);
    write_file(f, "config/x.lua", "return {}");
    write_file(f, "lua/app.lua", app);
    write_file(f, "lua/sub/helper.lua", "return 'help'");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char command[100];
    snprintf(command, sizeof command, "rm -r %s", f->folder);
    buf_free(&f->error);
    int failed = system(command);
    free(f);
    return failed;
}

static int build_after(struct fixture *f, const struct set *before)
{
    char path[100];
    char *environment[] = {NULL};
    buf_clear(&f->error);
    snprintf(path, sizeof path, "%s/config/x.lua", f->folder);
    struct settings *settings = settings_load(path, environment, &f->error);
    assert_non_null(settings);
    int fd = set_build(settings, before, &f->error);
    settings_free(settings);
    return fd;
}

static int build(struct fixture *f)
{
    return build_after(f, NULL);
}

static void assert_refused(struct fixture *f, const char *says)
{
    int fd = build(f);
    if (fd >= 0 || !strstr(buf_cstr(&f->error), says))
        fail_msg("expected a refusal with \"%s\", got %d \"%s\"", says, fd, buf_cstr(&f->error));
}

static void what_goes_in_comes_out(void **state)
{
    struct fixture *f = *state;
    write_file(f, "config/x.lua",
               "return { assets = { 'views' }, services = { web = { listen = { '127.0.0.1:1' },\n"
               "  tls = { { certificate = 'tls/a.pem', key = 'tls/a.key' } } } } }");
    write_file(f, "views/page.html", "<p>page</p>");
    write_file(f, "views/deep/part.html", "");
    write_file(f, "tls/a.pem", "certificate");
    write_file(f, "tls/a.key", "key");
    int fd = build(f);
    assert_true(fd >= 0);
    struct set *set = set_open(fd);
    close(fd);
    assert_non_null(set);

    const struct set_entry *page = set_find(set, SET_ASSET, STR("views/page.html"));
    assert_non_null(page);
    assert_true(str_eq(page->data, STR("<p>page</p>")));
    assert_int_equal(page->digest.n, 64);
    assert_int_equal(set_find(set, SET_ASSET, STR("views/deep/part.html"))->data.n, 0);
    assert_non_null(set_find(set, SET_MODULE, STR("app")));
    assert_non_null(set_find(set, SET_MODULE, STR("sub.helper")));
    assert_null(set_find(set, SET_MODULE, STR("sub")));
    char name[100];
    snprintf(name, sizeof name, "%s/tls/a.key", f->folder);
    assert_true(str_eq(set_find(set, SET_CERTIFICATE, str_from(name))->data, STR("key")));
    assert_string_equal(settings_text(set_settings(set), "app"), "app");
    assert_int_equal(set_count(set), 1 + 2 + 2 + 2);
    set_release(set);
}

/* The set of build(), but where its bytecode says from it says to: so one sees whence a later set has its bytecode. */
static struct set *marked(struct fixture *f, const char *from, const char *to)
{
    int fd = build(f), copy = memfd_create("marked", MFD_CLOEXEC);
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    char *all = malloc((size_t)st.st_size);
    assert_int_equal(pread(fd, all, (size_t)st.st_size, 0), st.st_size);
    char *at = memmem(all, (size_t)st.st_size, from, strlen(from));
    assert_non_null(at);
    memcpy(at, to, strlen(to));
    assert_int_equal(write(copy, all, (size_t)st.st_size), st.st_size);
    struct set *set = set_open(copy);
    assert_non_null(set);
    free(all);
    close(fd);
    close(copy);
    return set;
}

static void assert_bytecode(int fd, const char *module, const char *says)
{
    assert_true(fd >= 0);
    struct set *set = set_open(fd);
    close(fd);
    assert_non_null(set);
    struct str code = set_find(set, SET_MODULE, str_from(module))->data;
    if (!memmem(code.p, code.n, says, strlen(says)))
        fail_msg("the bytecode of %s does not say %s", module, says);
    set_release(set);
}

static void what_did_not_change_is_not_compiled_again(void **state)
{
    struct fixture *f = *state;
    write_file(f, "lua/sub/helper.lua", "return 'text'");
    struct set *before = marked(f, "text", "mark");
    assert_bytecode(build_after(f, before), "sub.helper", "mark");
    write_file(f, "lua/sub/helper.lua", "return 'text' -- changed");
    assert_bytecode(build_after(f, before), "sub.helper", "text");
    set_release(before);
}

static void bytecode_names_the_file_where_its_source_lies_now(void **state)
{
    struct fixture *f = *state;
    char old[100];
    int fd = build(f);
    struct set *before = set_open(fd);
    close(fd);
    snprintf(old, sizeof old, "%s/lua/sub/helper.lua", f->folder);
    assert_int_equal(unlink(old), 0);
    write_file(f, "lua/sub/helper/init.lua", "return 'help'");
    assert_bytecode(build_after(f, before), "sub.helper", "lua/sub/helper/init.lua");
    set_release(before);
}

static void it_cannot_be_changed(void **state)
{
    int fd = build(*state);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "x", 1), -1);
    assert_int_equal(ftruncate(fd, 0), -1);
    assert_ptr_equal(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
    close(fd);
}

static void a_broken_script_is_refused_with_its_line(void **state)
{
    struct fixture *f = *state;
    write_file(f, "lua/broken.lua", "local a = 1\nlocal = 2");
    assert_refused(f, "lua/broken.lua:2:");
    write_file(f, "lua/broken.lua", "\x1bLJ\x02");
    assert_refused(f, "lua/broken.lua: bytecode");
    write_file(f, "lua/broken.lua", "\nos.exit()");
    assert_refused(f, "lua/broken.lua:2: os.exit");
}

static void a_name_belongs_to_one_file(void **state)
{
    struct fixture *f = *state;
    write_file(f, "lua/sub/helper/init.lua", "return 1");
    assert_refused(f, "module sub.helper is also in");
    write_file(f, "config/x.lua", "return { roots = { 'lua', 'more' } }");
    write_file(f, "more/app.lua", "return 1");
    assert_refused(f, "more/app.lua");
}

static void stubs_and_commands_are_not_served(void **state)
{
    struct fixture *f = *state;
    write_file(f, "lua/host/task.lua", "this is not Lua");
    write_file(f, "lua/commands/run.lua", "os.exit()");
    write_file(f, "lua/.editor.lua", "neither is this");
    int fd = build(f);
    assert_true(fd >= 0);
    close(fd);
}

static void what_is_missing_is_named(void **state)
{
    struct fixture *f = *state;
    write_file(f, "config/x.lua", "return { roots = { 'nowhere' } }");
    assert_refused(f, "nowhere: No such file");
    write_file(f, "config/x.lua", "return { assets = { 'nothing' } }");
    assert_refused(f, "nothing: No such file");
}

static void a_special_file_does_not_hold_it_up(void **state)
{
    struct fixture *f = *state;
    char path[100];
    snprintf(path, sizeof path, "%s/lua/fifo.lua", f->folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_refused(f, "lua/fifo.lua: not a regular file");
}

static void a_damaged_file_is_no_set(void **state)
{
    static const char *const texts[] = {"", "toolset1", "toolset1\xff\xff\xff\xff\xff\xff\xff\x7f",
                                        "something else, longer"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int fd = memfd_create("damaged", 0);
        size_t n = i == 2 ? 16 : strlen(texts[i]);
        assert_int_equal(write(fd, texts[i], n), n);
        assert_null(set_open(fd));
        close(fd);
    }
}

/* ---- modules' bodies, as the candidate runs them ---- */

static void check(struct fixture *f, const char *says)
{
    int fd = build(f);
    assert_true(fd >= 0);
    struct set *set = set_open(fd);
    struct worker_env env = {.loop = loop_new(), .worker = -1, .lua_limit = 16 << 20};
    buf_clear(&f->error);
    struct vm *vm = generation_try(&env, set, &f->error);
    bool good = vm != NULL;
    if (vm)
        vm_close(vm);
    if (good != !says || (says && !strstr(buf_cstr(&f->error), says)))
        fail_msg("expected \"%s\", got \"%s\"", says ? says : "", buf_cstr(&f->error));
    loop_free(env.loop);
    set_release(set);
    close(fd);
}

static void bodies_are_run_and_checked(void **state)
{
    struct fixture *f = *state;
    check(f, NULL);
    write_file(f, "lua/app.lua", "return 1");
    check(f, "app: the app module returned a number");
    write_file(f, "lua/app.lua", "return {}");
    check(f, "app: services is not a table");
    write_file(f, "lua/app.lua", "\nerror 'no'");
    check(f, "lua/app.lua:2: no");
    write_file(f, "lua/app.lua", "return require 'not.there'");
    check(f, "searched: lua/not/there.lua, lua/not/there/init.lua");
    write_file(f, "lua/app.lua", "return require 'host.nothing'");
    check(f, "the core has no such module");
    write_file(f, "lua/app.lua", "return require 'sub.loop'");
    write_file(f, "lua/sub/loop.lua", "return require 'app'");
    check(f, "module 'app' requires itself");
    write_file(f, "lua/app.lua", "local t = {} while true do t[#t + 1] = ('x'):rep(10000) .. #t end");
    check(f, "not enough memory");
    write_file(f, "config/x.lua", "return { services = { web = { listen = { '127.0.0.1:1' } } } }");
    write_file(f, "lua/app.lua", "return { services = {} }");
    check(f, "services.web is missing");
    write_file(f, "lua/app.lua", "return { services = { web = {} } }");
    check(f, "services.web.handle is not a function");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_goes_in_comes_out),
        TEST(what_did_not_change_is_not_compiled_again),
        TEST(bytecode_names_the_file_where_its_source_lies_now),
        TEST(it_cannot_be_changed),
        TEST(a_broken_script_is_refused_with_its_line),
        TEST(a_name_belongs_to_one_file),
        TEST(stubs_and_commands_are_not_served),
        TEST(what_is_missing_is_named),
        TEST(a_special_file_does_not_hold_it_up),
        TEST(a_damaged_file_is_no_set),
        TEST(bodies_are_run_and_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
