/* Settings: rows, notations, the environment, errors that name file and setting, packing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "vm/settings.h"
#include "vm/settings_type.h"

static const char rows[] = "return {\n"
                           "  { name = 'workers', type = 'integer', default = 2, min = 1, max = 64, reload = false },\n"
                           "  { name = 'body_limit', type = 'size', default = '1 MiB', min = '1 KiB' },\n"
                           "  { name = 'idle_timeout', type = 'duration', default = '75 s' },\n"
                           "  { name = 'log_level', type = 'enum', values = { 'info', 'debug' }, default = 'info' },\n"
                           "  { name = 'script_guard', type = 'boolean', default = false },\n"
                           "  { name = 'signing_key', type = 'secret', min = 32, required = true },\n"
                           "  { name = 'origins', type = 'list', of = 'string', default = {} },\n"
                           "  { name = 'static', type = 'path', default = 'web' },\n"
                           "  { name = 'services', type = 'map', default = {}, of = { type = 'record', fields = {\n"
                           "      { name = 'listen', type = 'list', of = 'address', required = true },\n"
                           "      { name = 'static', type = 'map', of = 'path' } } } },\n"
                           "  { name = 'note', type = 'string' },\n"
                           "}\n";

static const char key[] = "signing_key = '0123456789abcdef0123456789abcdef'";

struct fixture {
    char folder[64];
    char *environment[4];
    struct buf error;
};

static void write_file(const struct fixture *f, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/config/%s", f->folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    char path[128];
    strcpy(f->folder, "/tmp/settings-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(path, sizeof path, "%s/config", f->folder);
    assert_int_equal(mkdir(path, 0700), 0);
    write_file(f, "default.lua", rows);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"config/default.lua", "config/x.lua", "config/secret",
                                        "config/base.lua",    "config",       ""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", f->folder, names[i]);
        remove(path);
    }
    buf_free(&f->error);
    free(f);
    return 0;
}

static struct settings *load(struct fixture *f, const char *body)
{
    char path[128], text[1024];
    snprintf(text, sizeof text, "return { %s }", body);
    write_file(f, "x.lua", text);
    snprintf(path, sizeof path, "%s/config/x.lua", f->folder);
    buf_clear(&f->error);
    return settings_load(path, f->environment, &f->error);
}

static void refused(struct fixture *f, const char *body, const char *error)
{
    struct settings *s = load(f, body);
    assert_null(s);
    if (!strstr(buf_cstr(&f->error), error))
        fail_msg("expected \"%s\" in \"%s\"", error, buf_cstr(&f->error));
}

static struct settings *accepted(struct fixture *f, const char *body)
{
    struct settings *s = load(f, body);
    if (!s)
        fail_msg("%s", buf_cstr(&f->error));
    return s;
}

static void defaults_and_notations(void **state)
{
    struct fixture *f = *state;
    char body[256], path[128];
    snprintf(body, sizeof body, "%s, body_limit = '16 MiB', idle_timeout = '1.5 min'", key);
    struct settings *s = accepted(f, body);
    assert_int_equal(settings_int(s, "workers"), 2);
    assert_int_equal(settings_int(s, "body_limit"), 16 << 20);
    assert_true(settings_real(s, "idle_timeout") == 90.0);
    assert_false(settings_bool(s, "script_guard"));
    assert_string_equal(settings_text(s, "log_level"), "info");
    snprintf(path, sizeof path, "%s/web", f->folder);
    assert_string_equal(settings_text(s, "static"), path);
    assert_string_equal(settings_root(s), f->folder);
    assert_null(settings_find(s, "services.api"));
    assert_null(settings_find(s, "note"));
    assert_true(settings_declared(s, "note"));
    assert_false(settings_declared(s, "nota"));
    settings_free(s);
}

static void errors_name_the_file_and_the_setting(void **state)
{
    struct fixture *f = *state;
    char body[256];
    refused(f, "", "x.lua: signing_key: is required: set it here or by TOOLBOX_SIGNING_KEY");
    refused(f, "signing_key = 'short'", "signing_key: expected a string of at least 32 octets, got 5");
    refused(f, "bodylimit = 3", "x.lua: bodylimit: no such setting");
    refused(f, "body_limit = '3x'", "x.lua: body_limit: expected a size such as \"1 MiB\", got \"3x\"");
    refused(f, "body_limit = 10", "body_limit: expected a size such as \"1 MiB\" of at least 1024, got 10");
    refused(f, "workers = 1.5", "workers: expected a whole number, got 1.5");
    refused(f, "workers = 0", "workers: expected a whole number of at least 1, got 0");
    refused(f, "log_level = 'loud'", "log_level: expected one of \"info\", \"debug\", got \"loud\"");
    refused(f, "script_guard = 1", "script_guard: expected true or false, got 1");
    snprintf(body, sizeof body, "%s, origins = { a = 1 }", key);
    refused(f, body, "origins: expected a list");
    snprintf(body, sizeof body, "%s, services = { api = { listen = { 'here' } } }", key);
    refused(f, body, "services.api.listen.1: expected an address");
    snprintf(body, sizeof body, "%s, services = { api = { port = 1 } }", key);
    refused(f, body, "services.api: no such field: port");
    buf_clear(&f->error);
    assert_null(settings_load("/nowhere.lua", f->environment, &f->error));
    assert_string_equal(buf_cstr(&f->error), "/nowhere.lua: No such file or directory");
    refused(f, "} junk {", "x.lua:1:");
    refused(f, "workers = io.open('x')", "x.lua:1:");
    refused(f, "workers = include('none')", "none.lua");
    refused(f, "workers = include('../x')", "x.lua:1: include: expected the name");
}

static void secrets_are_not_shown(void **state)
{
    struct fixture *f = *state;
    struct buf text = {0};
    refused(f, "signing_key = 12345678", "signing_key: expected a string, got something else");
    struct settings *s = accepted(f, key);
    settings_print(s, &text);
    assert_null(strstr(buf_cstr(&text), "0123456789abcdef"));
    assert_non_null(strstr(buf_cstr(&text), "signing_key = \"********\""));
    assert_non_null(strstr(buf_cstr(&text), "body_limit = 1048576"));
    buf_free(&text);
    settings_free(s);
}

static void the_environment_overrides(void **state)
{
    struct fixture *f = *state;
    char file[128];
    snprintf(file, sizeof file, "TOOLBOX_SIGNING_KEY_FILE=%s/config/secret", f->folder);
    write_file(f, "secret", "abcdefghijklmnopqrstuvwxyz0123456789\n");
    f->environment[0] = (char *)"TOOLBOX_WORKERS=7";
    f->environment[1] = (char *)"TOOLBOX_ORIGINS=https://a.example,https://b.example";
    f->environment[2] = file;
    struct settings *s = accepted(f, "workers = 3");
    assert_int_equal(settings_int(s, "workers"), 7);
    assert_string_equal(settings_text(s, "origins.2"), "https://b.example");
    assert_string_equal(settings_text(s, "signing_key"), "abcdefghijklmnopqrstuvwxyz0123456789");
    settings_free(s);
    refused(f, "workers = 'many'", "x.lua: workers: expected a whole number");
    f->environment[0] = (char *)"TOOLBOX_WORKERS=many";
    refused(f, key, "TOOLBOX_WORKERS: workers: expected a whole number, got \"many\"");
}

static void a_file_builds_on_its_neighbour(void **state)
{
    struct fixture *f = *state;
    char body[128];
    snprintf(body, sizeof body, "return { %s, workers = 9 }", key);
    write_file(f, "base.lua", body);
    struct settings *s =
        accepted(f, "signing_key = include('base').signing_key, workers = include('base').workers + 1");
    assert_int_equal(settings_int(s, "workers"), 10);
    settings_free(s);
}

static void collect(void *arg, const char *name, const struct setting *setting)
{
    buf_printf(arg, "%s:%c ", name, setting->kind);
}

static void packing_keeps_everything(void **state)
{
    struct fixture *f = *state;
    char body[256];
    struct buf packed = {0}, names = {0};
    snprintf(body, sizeof body,
             "%s, services = { b = { listen = { '*:1' }, static = { ['/v1.0'] = 'w' } }, a = { listen = { '*:2' } } }",
             key);
    struct settings *s = accepted(f, body);
    settings_pack(s, &packed);
    struct settings *copy = settings_unpack(packed.data, packed.len);
    assert_non_null(copy);
    assert_null(settings_needs_restart(s, copy));
    settings_each(copy, "services", collect, &names);
    settings_each(copy, "services.b.static", collect, &names);
    assert_string_equal(buf_cstr(&names), "a:t b:t /v1.0:s ");
    for (size_t n = 0; n < packed.len; n++)
        assert_null(settings_unpack(packed.data, n));
    settings_free(copy);
    settings_free(s);
    buf_free(&packed);
    buf_free(&names);
}

static void a_change_that_needs_a_restart_is_named(void **state)
{
    struct fixture *f = *state;
    char body[256];
    struct settings *before = accepted(f, key);
    snprintf(body, sizeof body, "%s, body_limit = 2048", key);
    struct settings *harmless = accepted(f, body);
    snprintf(body, sizeof body, "%s, workers = 5", key);
    struct settings *after = accepted(f, body);
    assert_null(settings_needs_restart(before, harmless));
    assert_string_equal(settings_needs_restart(before, after), "workers");
    settings_free(before);
    settings_free(harmless);
    settings_free(after);
}

static void notations_are_strict(void **state)
{
    (void)state;
    double value;
    static const char *const bad[] = {"", "s", "-1 s", "0x10 s", "1e3 s", "nan s", "1 s ", "1.2.3 s", "1 S", "10"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(settings_parse_duration(bad[i], strlen(bad[i]), &value));
    assert_true(settings_parse_duration("250ms", 5, &value) && value == 0.25);
    assert_false(settings_parse_size("0.3 B", 5, &value));
    static const char *const wrong[] = {"here", "host:", ":80", "host:65536", "::1:80", "[]:80", "a b:80", "unix:"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(settings_check_address(wrong[i], strlen(wrong[i])));
    assert_true(settings_check_address("[::1]:80", 8));
    assert_true(settings_check_address("unix:/run/x.sock", 16));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(defaults_and_notations, set_up, tear_down),
        cmocka_unit_test_setup_teardown(errors_name_the_file_and_the_setting, set_up, tear_down),
        cmocka_unit_test_setup_teardown(secrets_are_not_shown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_environment_overrides, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_builds_on_its_neighbour, set_up, tear_down),
        cmocka_unit_test_setup_teardown(packing_keeps_everything, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_change_that_needs_a_restart_is_named, set_up, tear_down),
        cmocka_unit_test(notations_are_strict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
