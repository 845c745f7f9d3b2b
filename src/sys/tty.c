#include "sys/tty.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>

int brig_tty_open(int devpts_fd, int *ret_master, int *ret_slave)
{
        _cleanup_close_ int master = openat(devpts_fd, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
        int unlock = 0, slave;

        if (master < 0)
                return -errno;
        if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
                return -errno;
        slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (slave < 0)
                return -errno;
        *ret_slave = slave;
        *ret_master = TAKE_FD(master);
        return 0;
}

int brig_tty_resize(int fd, unsigned rows, unsigned cols)
{
        struct winsize size;

        if (ioctl(fd, TIOCGWINSZ, &size) < 0)
                return -errno;
        if (rows > 0)
                size.ws_row = (unsigned short)MIN2(rows, 0xffffu);
        if (cols > 0)
                size.ws_col = (unsigned short)MIN2(cols, 0xffffu);
        return ioctl(fd, TIOCSWINSZ, &size) < 0 ? -errno : 0;
}

int brig_tty_control(int fd)
{
        if (setsid() < 0)
                return -errno;
        return ioctl(fd, TIOCSCTTY, 0) < 0 ? -errno : 0;
}
