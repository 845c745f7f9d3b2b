/*
 * Runs commands in turn and times each from spawn to exit, in one static process
 * with nothing else between the two clock readings. The order is A B C, C B A, and so
 * on: what drifts (caches, clock rate, other load) hits all alike.
 *
 * driver ROUNDS WARMUPS -- COMMAND... -- COMMAND... prints "INDEX NANOSECONDS EXIT" per sample.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_COMMANDS 16

static uint64_t now(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int run(char **command, char **environment, uint64_t *ret_ns)
{
        posix_spawn_file_actions_t actions;
        pid_t pid;
        int status = 0;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
        uint64_t start = now();
        int failed = posix_spawn(&pid, command[0], &actions, NULL, command, environment);
        if (!failed)
                waitpid(pid, &status, 0);
        *ret_ns = now() - start;
        posix_spawn_file_actions_destroy(&actions);
        return failed || !WIFEXITED(status) ? 125 : WEXITSTATUS(status);
}

int main(int argc, char **argv, char **environment)
{
        char **commands[MAX_COMMANDS];
        int n = 0;
        if (argc < 5)
                return 2;
        long rounds = strtol(argv[1], NULL, 10), warmups = strtol(argv[2], NULL, 10);
        for (int i = 3; i < argc; i++) {
                if (strcmp(argv[i], "--") != 0)
                        continue;
                argv[i] = NULL;
                if (n == MAX_COMMANDS)
                        return 2;
                commands[n++] = argv + i + 1;
        }
        for (long round = -warmups; round < rounds; round++)
                for (int i = 0; i < n; i++) {
                        int which = round & 1 ? n - 1 - i : i;
                        uint64_t ns;
                        int code = run(commands[which], environment, &ns);
                        if (round >= 0)
                                printf("%d %llu %d\n", which, (unsigned long long)ns, code);
                }
        return 0;
}
