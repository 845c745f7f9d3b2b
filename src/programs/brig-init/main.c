/*
 * brig-init: pid 1 of a container that asked for --init. It starts the one
 * command, passes every signal on to it, reaps whatever is orphaned to it and
 * ends with the command's status (128 + signal when killed), as catatonit and
 * tini do. Static, no options, runs inside the container with the container's
 * own rights; it is no boundary.
 *
 * Usage: docker-init -- COMMAND [ARG...]
 */
#include "base/macros.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

/* Signals that tell of our own faults stay with us; SIGCHLD is ours to handle. */
static void wanted_signals(sigset_t *set)
{
        static const int own[] = { SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS, SIGTTIN, SIGTTOU };

        sigfillset(set);
        for (size_t i = 0; i < ARRAY_SIZE(own); i++)
                sigdelset(set, own[i]);
}

static pid_t start(char **argv, const sigset_t *original)
{
        pid_t pid = fork();
        if (pid != 0)
                return pid;
        /* Its own process group in the foreground, so that keys of the terminal reach it once, not twice. */
        if (setpgid(0, 0) == 0 && isatty(STDIN_FILENO) && tcsetpgrp(STDIN_FILENO, getpgrp()) < 0 && errno != ENOTTY)
                perror("docker-init: cannot give the terminal to the command");
        /* Ignored signals would be inherited through exec. */
        signal(SIGTTOU, SIG_DFL);
        signal(SIGTTIN, SIG_DFL);
        sigprocmask(SIG_SETMASK, original, NULL);
        execvp(argv[0], argv);
        int code = errno == ENOENT ? 127 : 126;
        fprintf(stderr, "docker-init: exec \"%s\": %s\n", argv[0], strerror(errno));
        _exit(code);
}

/* Reaps all that is dead. Returns the command's exit code when it was among them, else -1. */
static int reap(pid_t command)
{
        int result = -1, status;
        pid_t pid;

        while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
                if (pid == command)
                        result = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        return result;
}

int main(int argc, char **argv)
{
        sigset_t set, original;

        if (argc < 3 || strcmp(argv[1], "--") != 0) {
                fprintf(stderr, "usage: %s -- COMMAND [ARG...]\n", argc > 0 ? argv[0] : "docker-init");
                return 2;
        }
        wanted_signals(&set);
        sigprocmask(SIG_BLOCK, &set, &original);
        /* Written by us to no terminal of ours: a stop on output would hang pid 1. */
        signal(SIGTTOU, SIG_IGN);
        signal(SIGTTIN, SIG_IGN);
        pid_t command = start(argv + 2, &original);
        if (command < 0) {
                perror("docker-init: fork");
                return 126;
        }
        for (;;) {
                siginfo_t info;
                int signo = sigwaitinfo(&set, &info);
                if (signo == SIGCHLD) {
                        int code = reap(command);
                        if (code >= 0)
                                return code;
                } else if (signo > 0) {
                        kill(command, signo);
                }
        }
}
