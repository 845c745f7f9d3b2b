/* Looks for a key of the host: by name in every keyring that is reachable, by serial. argv: description serial */
#include "attack.h"
#include <linux/keyctl.h>
#include <sys/syscall.h>

static bool readable(long key)
{
        char payload[64];
        return key > 0 && syscall(SYS_keyctl, KEYCTL_READ, key, payload, sizeof(payload)) >= 0;
}

int main(int argc, char **argv)
{
        static const long rings[] = { KEY_SPEC_THREAD_KEYRING, KEY_SPEC_PROCESS_KEYRING, KEY_SPEC_SESSION_KEYRING,
                                      KEY_SPEC_USER_KEYRING, KEY_SPEC_USER_SESSION_KEYRING };
        if (argc != 3)
                return 2;
        for (size_t i = 0; i < sizeof(rings) / sizeof(rings[0]); i++)
                attempt("search a keyring", readable(syscall(SYS_keyctl, KEYCTL_SEARCH, rings[i], "user", argv[1], 0)));
        attempt("request_key", readable(syscall(SYS_request_key, "user", argv[1], NULL, 0)));
        attempt("read by serial", readable(strtol(argv[2], NULL, 10)));
        return verdict();
}
