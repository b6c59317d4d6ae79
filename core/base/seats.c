/* base/seats.c: see seats.h. */
#include "base/seats.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct seats {
    int fd;
    unsigned count;
};

/* Each seat has two octets: that of who sits, and before it that of who comes next. Whoever leaves and wants to sit
 * again finds the other one there, who would else wake up too late each time. */
enum { SITS, COMES, OCTETS };

struct seats *seats_new(unsigned count)
{
    struct seats *seats = malloc(sizeof *seats);
    if (!seats)
        return NULL;
    *seats = (struct seats){.fd = memfd_create("toolbox-seats", MFD_CLOEXEC), .count = count};
    if (seats->fd >= 0)
        return seats;
    free(seats);
    return NULL;
}

void seats_free(struct seats *seats)
{
    if (!seats)
        return;
    close(seats->fd);
    free(seats);
}

static void lock(const struct seats *seats, unsigned number, int octet, short type)
{
    struct flock range = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)(number % seats->count) * OCTETS + octet, .l_len = 1};
    while (fcntl(seats->fd, F_SETLKW, &range) != 0 && errno == EINTR)
        ;
}

void seats_take(struct seats *seats, unsigned number)
{
    lock(seats, number, COMES, F_WRLCK);
    lock(seats, number, SITS, F_WRLCK);
    lock(seats, number, COMES, F_UNLCK);
}

void seats_leave(struct seats *seats, unsigned number)
{
    lock(seats, number, SITS, F_UNLCK);
}
