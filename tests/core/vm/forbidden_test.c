/* What served scripts may not name, found before they run (vm/forbidden.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vm/forbidden.h"

static void assert_found(const char *source, const char *message)
{
    struct buf error = {0};
    assert_true(forbidden_find(str_from(source), "x.lua", &error));
    assert_string_equal(buf_cstr(&error), message);
    buf_free(&error);
}

static void assert_clean(const char *source)
{
    struct buf error = {0};
    assert_false(forbidden_find(str_from(source), "x.lua", &error));
    assert_int_equal(error.len, 0);
    buf_free(&error);
}

static void names_are_found_with_their_line(void **state)
{
    (void)state;
    assert_found("os.exit(1)", "x.lua:1: os.exit is not open to served scripts");
    assert_found("local a\nlocal b = os . execute", "x.lua:2: os.execute is not open to served scripts");
    assert_found("f(io.popen 'ls')", "x.lua:1: io.popen is not open to served scripts");
    assert_found("os['exit']()", "x.lua:1: os.exit is not open to served scripts");
    assert_found("return debug.sethook", "x.lua:1: debug.sethook is not open to served scripts");
    assert_found("local f = require 'ffi'", "x.lua:1: ffi is not open to served scripts");
    assert_found("local f = require(\"ffi\")", "x.lua:1: ffi is not open to served scripts");
    assert_found("dofile('x')", "x.lua:1: dofile is not open to served scripts: use require");
    assert_found("--[==[ long\n]] ]==] os.exit()", "x.lua:2: os.exit is not open to served scripts");
    assert_found("local s = [[\n\n]] .. os.exit()", "x.lua:3: os.exit is not open to served scripts");
    assert_found("return 'a' ..os.exit()", "x.lua:1: os.exit is not open to served scripts");
    assert_found("local s = 'a\\\nb' os.exit()", "x.lua:2: os.exit is not open to served scripts");
}

static void what_only_looks_like_it_is_not(void **state)
{
    (void)state;
    assert_clean("return os.time() + os.clock()");
    assert_clean("return debug.traceback()");
    assert_clean("self.os.exit() self.io:popen()");
    assert_clean("-- os.exit()");
    assert_clean("--[[ os.exit()\nio.popen() ]] return 1");
    assert_clean("return 'os.exit()', \"\\\"os.exit\", [==[ os.exit ]==]");
    assert_clean("return { os = 1, exit = 2, dofile = 3 }");
    assert_clean("local most = pos.exit");
    assert_clean("return require 'ffix'");
    assert_clean("");
}

static void unfinished_text_ends_the_search(void **state)
{
    (void)state;
    assert_clean("local s = 'never ends os.exit()");
    assert_clean("--[[ never ends os.exit()");
    assert_clean("local s = [=[ never ends ]] os.exit()");
    assert_clean("'\\");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found_with_their_line),
        cmocka_unit_test(what_only_looks_like_it_is_not),
        cmocka_unit_test(unfinished_text_ends_the_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
