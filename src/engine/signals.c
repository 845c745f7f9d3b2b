/* Signal names as `docker kill` takes them: a number, a name with or without SIG, in any case; RTMIN+n, RTMAX-n. */
#include "engine/signals-internal.h"

#include "base/strings.h"
#include <signal.h>
#include <strings.h>

#define LAST_SIGNAL 64

/* The kernel's numbering: the C library keeps two real-time signals for itself, the container's may not. */
#define RTMIN_KERNEL 34
#define RTMAX_KERNEL LAST_SIGNAL

static const struct { const char *name; int number; } names[] = {
        { "HUP", SIGHUP }, { "INT", SIGINT }, { "QUIT", SIGQUIT }, { "ILL", SIGILL }, { "TRAP", SIGTRAP }, { "ABRT", SIGABRT }, { "IOT", SIGIOT },
        { "BUS", SIGBUS }, { "FPE", SIGFPE }, { "KILL", SIGKILL }, { "USR1", SIGUSR1 }, { "SEGV", SIGSEGV }, { "USR2", SIGUSR2 }, { "PIPE", SIGPIPE },
        { "ALRM", SIGALRM }, { "TERM", SIGTERM }, { "STKFLT", SIGSTKFLT }, { "CHLD", SIGCHLD }, { "CLD", SIGCHLD }, { "CONT", SIGCONT },
        { "STOP", SIGSTOP }, { "TSTP", SIGTSTP }, { "TTIN", SIGTTIN }, { "TTOU", SIGTTOU }, { "URG", SIGURG }, { "XCPU", SIGXCPU }, { "XFSZ", SIGXFSZ },
        { "VTALRM", SIGVTALRM }, { "PROF", SIGPROF }, { "WINCH", SIGWINCH }, { "IO", SIGIO }, { "POLL", SIGPOLL }, { "PWR", SIGPWR }, { "SYS", SIGSYS },
        { "RTMIN", RTMIN_KERNEL }, { "RTMAX", RTMAX_KERNEL },
};

static int by_name(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (strcasecmp(names[i].name, name) == 0)
                        return names[i].number;
        return 0;
}

/* "RTMIN+3", "RTMAX-1" */
static int by_offset(const char *name)
{
        bool up = strncasecmp(name, "RTMIN+", 6) == 0;
        uint32_t offset;

        if (!up && strncasecmp(name, "RTMAX-", 6) != 0)
                return 0;
        if (brig_parse_u32(name + 6, &offset) < 0 || offset > RTMAX_KERNEL - RTMIN_KERNEL)
                return 0;
        return up ? RTMIN_KERNEL + (int)offset : RTMAX_KERNEL - (int)offset;
}

int brig_signal_parse(const char *text, int *ret, BrigError *err)
{
        uint32_t number;
        int found = 0;

        if (brig_parse_u32(text, &number) == 0) {
                found = number <= LAST_SIGNAL ? (int)number : 0;
        } else {
                const char *bare = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;

                found = by_name(bare);
                if (found == 0)
                        found = by_offset(bare);
        }
        if (found <= 0)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid signal: %s", text);
        *ret = found;
        return 0;
}
