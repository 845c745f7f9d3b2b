#include "sys/network.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

int brig_network_loopback_up(void)
{
        _cleanup_close_ int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct ifreq request = { .ifr_name = "lo" };

        if (sock < 0)
                return -errno;
        if (ioctl(sock, SIOCGIFFLAGS, &request) < 0)
                return -errno;
        request.ifr_flags |= IFF_UP;
        return ioctl(sock, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
}
