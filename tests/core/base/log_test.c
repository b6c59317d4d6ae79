/* The log: lines are JSON whatever goes in, a full pipe drops and counts. The clock that dates them. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "proto/json.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/log_test.XXXXXX";

static int open_log(void **state)
{
    int fd = mkstemp(path);
    (void)state;
    assert_true(fd >= 0);
    close(fd);
    return log_open(path) ? 0 : -1;
}

static int close_log(void **state)
{
    (void)state;
    log_open(NULL);
    return unlink(path);
}

/* What the log file holds, which is emptied. */
static struct buf take_log(void)
{
    struct buf text = {0};
    int fd = open(path, O_RDONLY);
    ssize_t n;
    while ((n = read(fd, buf_reserve(&text, 4096), 4096)) > 0)
        text.len += (size_t)n;
    close(fd);
    assert_int_equal(truncate(path, 0), 0);
    return text;
}

/* One line behind its date, which is checked for its form; it must be valid JSON. */
static void expect_line(const char *expected)
{
    struct buf text = take_log();
    struct json json = {0};
    assert_true(text.len > 0 && text.data[text.len - 1] == '\n');
    assert_true(json_parse(&json, buf_str(&text)));
    assert_memory_equal(text.data, "{\"time\":\"20", 11);
    assert_string_equal(buf_cstr(&text) + sizeof "{\"time\":\"2026-01-01T00:00:00.000Z\"," - 1, expected);
    json_free(&json);
    buf_free(&text);
}

static void fields(void **state)
{
    (void)state;
    log_set_context(-1, -1);
    log_write(LOG_INFO, "started", log_str("s", "a\"\\\n\t\x01z"), log_int("i", -5), log_real("r", 0.25),
              log_bool("b", true), log_slice("e", STR_NULL), LOG_END);
    expect_line("\"level\":\"info\",\"message\":\"started\",\"s\":\"a\\\"\\\\\\n\\t\\u0001z\",\"i\":-5,\"r\":0.25,"
                "\"b\":true,\"e\":\"\"}\n");
    log_set_context(2, 7);
    log_fields(LOG_ERROR, STR("x"), &(struct log_field){"n", LOG_FIELD_INT, {.integer = 1}}, 1);
    expect_line("\"level\":\"error\",\"message\":\"x\",\"worker\":2,\"generation\":7,\"n\":1}\n");
    log_set_context(-1, -1);
    log_write(LOG_WARN, "bytes \xFF \xC3\xA4 \xED\xA0\x80", LOG_END);
    expect_line(
        "\"level\":\"warn\",\"message\":\"bytes \xEF\xBF\xBD \xC3\xA4 \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"}\n");
}

static void long_text_is_cut(void **state)
{
    struct buf long_text = {0};
    (void)state;
    for (int i = 0; i < 3000; i++)
        buf_append_str(&long_text, STR("\xC3\xA4"));
    log_write(LOG_INFO, "long", log_slice("t", buf_str(&long_text)), log_int("behind", 1), LOG_END);
    struct buf line = take_log();
    struct json json = {0};
    assert_true(line.len <= PIPE_BUF && line.len > PIPE_BUF - 100);
    assert_true(json_parse(&json, buf_str(&line)));
    assert_non_null(memmem(line.data, line.len, "\xE2\x80\xA6\"", 4));
    json_free(&json);
    buf_free(&line);
    buf_free(&long_text);
}

static void levels(void **state)
{
    enum log_level level;
    (void)state;
    assert_true(log_level_from(STR("debug"), &level) && level == LOG_DEBUG);
    assert_true(log_level_from(STR("error"), &level) && level == LOG_ERROR);
    assert_false(log_level_from(STR("loud"), &level));
    log_write(LOG_DEBUG, "unseen", LOG_END);
    struct buf text = take_log();
    assert_int_equal(text.len, 0);
    buf_free(&text);
    log_set_level(LOG_DEBUG);
    assert_true(log_enabled(LOG_DEBUG));
    log_write(LOG_DEBUG, "seen", LOG_END);
    expect_line("\"level\":\"debug\",\"message\":\"seen\"}\n");
    log_set_level(LOG_INFO);
}

static void a_full_pipe_drops_and_tells(void **state)
{
    char fifo[] = "/tmp/log_fifo.XXXXXX", line[PIPE_BUF];
    uint64_t before = log_dropped();
    (void)state;
    assert_non_null(mkdtemp(fifo));
    struct buf name = {0};
    buf_printf(&name, "%s/fifo", fifo);
    assert_int_equal(mkfifo(buf_cstr(&name), 0600), 0);
    int reader = open(buf_cstr(&name), O_RDONLY | O_NONBLOCK);
    assert_true(log_open(buf_cstr(&name)));
    for (int i = 0; i < 20000; i++)
        log_write(LOG_INFO, "filling the pipe", LOG_END);
    assert_true(log_dropped() > before);
    while (read(reader, line, sizeof line) > 0)
        ;
    log_write(LOG_INFO, "there is room again", LOG_END);
    ssize_t n = read(reader, line, sizeof line);
    assert_true(n > 0);
    assert_non_null(memmem(line, (size_t)n, "\"dropped\":", 10));
    log_open(NULL);
    assert_true(log_open(path));
    close(reader);
    unlink(buf_cstr(&name));
    rmdir(fifo);
    buf_free(&name);
}

static void a_file_that_cannot_be_opened_changes_nothing(void **state)
{
    (void)state;
    assert_false(log_open("/nonexistent/folder/log"));
    assert_int_equal(errno, ENOENT);
    log_write(LOG_INFO, "still here", LOG_END);
    expect_line("\"level\":\"info\",\"message\":\"still here\"}\n");
}

static void reopening_after_a_rotation(void **state)
{
    struct buf moved = {0};
    (void)state;
    buf_printf(&moved, "%s.1", path);
    assert_int_equal(rename(path, buf_cstr(&moved)), 0);
    assert_true(log_open(path));
    log_write(LOG_INFO, "in the new file", LOG_END);
    expect_line("\"level\":\"info\",\"message\":\"in the new file\"}\n");
    unlink(buf_cstr(&moved));
    buf_free(&moved);
}

static void clocks(void **state)
{
    char text[ISO_DATE_SIZE];
    (void)state;
    clock_refresh();
    double now = clock_now();
    assert_true(now > 0 && clock_now() == now);
    assert_true(clock_precise() >= now);
    assert_true(clock_wall() > 1.7e9);
    clock_format_iso(784111777.125, text);
    assert_memory_equal(text, "1994-11-06T08:49:37.125Z", ISO_DATE_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields),
        cmocka_unit_test(long_text_is_cut),
        cmocka_unit_test(levels),
        cmocka_unit_test(a_full_pipe_drops_and_tells),
        cmocka_unit_test(a_file_that_cannot_be_opened_changes_nothing),
        cmocka_unit_test(reopening_after_a_rotation),
        cmocka_unit_test(clocks),
    };
    return cmocka_run_group_tests(tests, open_log, close_log);
}
