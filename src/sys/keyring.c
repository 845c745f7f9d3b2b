#include "sys/keyring.h"

#include <linux/keyctl.h>
#include <sys/syscall.h>

int brig_keyring_fresh(void)
{
        return syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 ? -errno : 0;
}
