/*
 * What is executed, with which environment and where. The messages are those
 * that a Docker user knows; brig-api puts its own sentence before them.
 */
#include "runtime/launch-internal.h"

#include "base/strings.h"
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define INIT_PATH "/sbin/docker-init"

int brig_step_cwd_enter(Launch *l, BrigError *err)
{
        const char *cwd = brig_str_empty(l->plan->cwd) ? "/" : l->plan->cwd;
        BrigErrorKind kind = l->plan->kind == PLAN_KIND_EXEC ? BRIG_ERR_COMMAND_NOT_EXEC : BRIG_ERR_INVALID;
        char seen[PATH_MAX];

        if (chdir(cwd) < 0)
                return brig_error_errno(err, kind, errno, "chdir to cwd (\"%s\") set in config.json failed", cwd);
        /* A cwd that getcwd(2) cannot name lies outside of our root: a leaked descriptor was entered (CVE-2024-21626). */
        if (!getcwd(seen, sizeof seen) || seen[0] != '/')
                return brig_error_set(err, BRIG_ERR_DENIED, EACCES, "working directory \"%s\" leads out of the container", cwd);
        return 0;
}

static int check_program(const char *path)
{
        struct stat st;

        if (stat(path, &st) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                return -EISDIR;
        return S_ISREG(st.st_mode) && (st.st_mode & 0111) ? 0 : -EACCES;
}

static int refuse_program(const char *name, int r, BrigError *err)
{
        if (r == -ENOENT || r == -ENOTDIR)
                return brig_error_set(err, BRIG_ERR_COMMAND_NOT_FOUND, -r, "exec: \"%s\": stat %s: %s", name, name,
                                      r == -ENOENT ? "no such file or directory" : "not a directory");
        if (r == -EACCES)
                return brig_error_set(err, BRIG_ERR_COMMAND_NOT_EXEC, EACCES, "exec: \"%s\": permission denied", name);
        return brig_error_set(err, BRIG_ERR_COMMAND_NOT_EXEC, -r, "exec: \"%s\": %s", name, r == -EISDIR ? "is a directory" : "cannot be looked at");
}

static int search_path(Launch *l, const char *name, BrigError *err)
{
        const char *path = brig_strv_env_get(l->env, "PATH");
        int denied = 0;

        while (path && *path) {
                size_t len = strcspn(path, ":");

                /* Relative parts are skipped: what runs must not depend on the working directory. */
                if (len > 0 && path[0] == '/') {
                        _cleanup_free_ char *full = brig_str_printf("%.*s/%s", (int)len, path, name);
                        int r = full ? check_program(full) : -ENOMEM;

                        if (r == 0) {
                                l->program = TAKE_PTR(full);
                                return 0;
                        }
                        denied = r == -EACCES ? r : denied;
                }
                path += len + (path[len] == ':');
        }
        if (denied)
                return refuse_program(name, denied, err);
        return brig_error_set(err, BRIG_ERR_COMMAND_NOT_FOUND, ENOENT, "exec: \"%s\": executable file not found in $PATH", name);
}

static int complete_environment(Launch *l, BrigError *err)
{
        char **env = brig_strv_copy(l->plan->env);
        int r = env || l->plan->n_env == 0 ? 0 : -ENOMEM;

        if (r >= 0 && !brig_strv_env_get(env, "PATH"))
                r = brig_strv_env_set(&env, DEFAULT_PATH);
        if (r >= 0 && !brig_strv_env_get(env, "HOME")) {
                _cleanup_free_ char *home = brig_str_printf("HOME=%s", l->home);

                r = home ? brig_strv_env_set(&env, home) : -ENOMEM;
        }
        l->env = env;
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot complete the environment") : 0;
}

/* "--": what follows is the command, even if it begins with a dash. */
static int put_init_first(Launch *l, BrigError *err)
{
        size_t n = l->plan->n_args;
        char **argv = calloc(n + 3, sizeof argv[0]);

        if (!argv)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot put the init first");
        argv[0] = (char *)(uintptr_t)INIT_PATH;
        argv[1] = (char *)(uintptr_t)"--";
        for (size_t i = 0; i < n; i++)
                argv[i + 2] = l->plan->argv[i];
        free(l->program);
        l->program = brig_str_dup(INIT_PATH);
        l->argv = argv;
        return l->program ? 0 : brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot put the init first");
}

int brig_step_command(Launch *l, BrigError *err)
{
        const char *name = l->plan->argv[0];
        int r = complete_environment(l, err);

        if (r < 0)
                return r;
        l->argv = l->plan->argv;
        if (!*name)
                return brig_error_set(err, BRIG_ERR_COMMAND_NOT_FOUND, ENOENT, "exec: \"\": executable file not found in $PATH");
        if (strchr(name, '/')) {
                r = check_program(name);
                if (r < 0)
                        return refuse_program(name, r, err);
                l->program = brig_str_dup(name);
                r = l->program ? 0 : brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot name the program");
        } else {
                r = search_path(l, name, err);
        }
        if (r >= 0 && l->plan->kind == PLAN_KIND_CONTAINER && (l->plan->flags & PLAN_F_INIT))
                r = put_init_first(l, err);
        return r;
}
