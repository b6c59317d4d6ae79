/* vm/read_file.c: see read_file.h. */
#include "vm/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool read_file(const char *path, size_t limit, struct buf *out, struct buf *problem)
{
    struct stat st;
    ssize_t n = 0;
    size_t total = 0, piece;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); /* a FIFO must not hold us up */
    if (fd < 0 || fstat(fd, &st) != 0)
        goto err;
    if (!S_ISREG(st.st_mode)) {
        errno = EINVAL;
        goto err;
    }
    piece = st.st_size > 0 && (size_t)st.st_size <= limit ? (size_t)st.st_size + 1 : 4096; /* + 1: for the end */
    do {
        char *room = buf_reserve(out, piece);
        n = read(fd, room, piece);
        if (n < 0)
            goto err;
        out->len += (size_t)n;
        total += (size_t)n;
    } while (n > 0 && total <= limit);
    if (total > limit) {
        errno = EFBIG;
        goto err;
    }
    close(fd);
    return true;
err:
    buf_printf(problem, "%s", errno == EINVAL ? "not a regular file" : strerror(errno));
    if (fd >= 0)
        close(fd);
    return false;
}
