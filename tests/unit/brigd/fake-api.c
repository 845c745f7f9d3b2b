/*
 * Stands in for brig-api: hands its end of the channel to the test, which then
 * speaks for it, and waits for its end. As --compile-config it prints the file, which
 * is a finished table already.
 */
#include "base/macros.h"
#include "sys/fd.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static int compile_config(void)
{
        char text[4096];
        FILE *f = fdopen(3, "re");
        size_t n = f ? fread(text, 1, sizeof(text), f) : 0;

        if (f)
                (void)fclose(f);
        return f && fwrite(text, 1, n, stdout) == n && fflush(stdout) == 0 ? 0 : 1;
}

static const char *argument(char **argv, const char *name)
{
        for (; *argv; argv++)
                if (strcmp(*argv, name) == 0)
                        return argv[1];
        return "";
}

int main(int argc, char **argv)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int channel = 3, sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

        if (strcmp(argv[1], "--compile-config") == 0)
                return compile_config();
        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/../test.sock", argument(argv, "--data-root"));
        if (connect(sock, (struct sockaddr *)&address, sizeof(address)) < 0)
                return 1;
        if (brig_fd_send(sock, argv[4], strlen(argv[4]), &channel, 1) < 0)
                return 1;
        (void)close(channel);
        char c;
        (void)!read(sock, &c, 1); /* the test's end, or a kill, ends it */
        return 0;
}
