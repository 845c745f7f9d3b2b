/*
 * brigd: the root process of the engine. Opens places and listeners, finds what
 * an earlier brigd left, then serves brig-api and the monitors in one loop.
 * It reads no byte of a user: options, the ceiling and typed messages are all.
 */
#include "api-process.h"
#include "base/clock.h"
#include "base/strings.h"
#include "brig-config.h"
#include "brigd.h"
#include "containers.h"
#include "jobs.h"
#include "listeners.h"
#include "recover.h"
#include "runtime/cgroup.h"
#include "sys/memfd.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

/* For brig-api's end and that of containers together; a second signal ends the wait. */
#define STOP_PATIENCE (10 * BRIG_NSEC_PER_SEC)
#define STOP_PAUSE (2 * BRIG_NSEC_PER_MSEC)

BRIG_LOG_STATE;

/* No container gets at the engine's own folders, nor at a socket of it that -H has put elsewhere. */
static int own_paths(const Options *o, char ***ret)
{
        const char *const folders[] = { o->data_root, o->exec_root, o->id_registry };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(folders); i++)
                r = brig_strv_push(ret, folders[i]);
        BRIG_STRV_FOREACH(host, o->hosts)
                if (r >= 0)
                        r = brig_strv_push(ret, *host + strlen("unix://"));
        return r;
}

static int load_ceiling(Brigd *d, BrigError *err)
{
        _cleanup_strv_ char **own = NULL;
        Ceiling *ceiling = NULL;
        _cleanup_free_ char *text = NULL;
        int fd, r = own_paths(&d->options, &own);

        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "ceiling \"%s\"", d->options.ceiling);
        r = brig_ceiling_load(d->options.ceiling, (const char *const *)own, &ceiling, err);
        if (r < 0)
                return r;
        text = brig_ceiling_text(ceiling);
        r = text ? brig_memfd_sealed("brig-ceiling", text, strlen(text), 0, &fd) : -ENOMEM;
        if (r < 0) {
                brig_ceiling_free(ceiling);
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "ceiling \"%s\"", d->options.ceiling);
        }
        brig_ceiling_free(d->ceiling);
        d->ceiling = ceiling;
        (void)brig_close(d->ceiling_text);
        d->ceiling_text = fd;
        return 0;
}

/* Monitors that run already keep the ceiling that they were started with. */
static void reload(Brigd *d)
{
        BrigError err = BRIG_ERROR_INIT;

        if (load_ceiling(d, &err) < 0)
                log_error("the ceiling stays as it was: %s", err.message);
        else
                log_info("ceiling \"%s\" is read again", d->options.ceiling);
}

/* brig-api may have something to write down still; containers that are on their way out go all the way, and leave nothing behind. */
static void stop_when_done(void *context)
{
        Brigd *d = context;
        bool done = d->api.child.pid <= 0 && !containers_ending(d);

        if (done || brig_now_monotonic() > d->stop_until)
                d->loop.stop = true;
        else
                loop_set_timer(&d->loop, &d->stop_timer, STOP_PAUSE, stop_when_done, d);
}

static void on_signal(void *context, uint32_t events)
{
        struct signalfd_siginfo info;
        Brigd *d = context;

        if (read(d->signals, &info, sizeof(info)) != sizeof(info))
                return;
        if (info.ssi_signo == SIGHUP) {
                reload(d);
                return;
        }
        if (d->stopping) {
                d->loop.stop = true;
                return;
        }
        log_info("brigd ends, containers run on");
        d->stopping = true;
        d->stop_until = brig_now_monotonic() + STOP_PATIENCE;
        api_stop(d);
        stop_when_done(d);
}

static int open_signals(Brigd *d)
{
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGHUP);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
                return -errno;
        d->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        return d->signals < 0 ? -errno : loop_add(&d->loop, &d->signal_source, d->signals, EPOLLIN, on_signal, d);
}

/* Two descriptors a container; the hard limit is never raised. */
static void use_all_descriptors(void)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return;
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* the soft limit then says how many containers there can be */
}

/* Instances side by side never meet in the cgroup tree: the exec root tells them apart. */
static int name_cgroups(Brigd *d)
{
        char name[PLACES_CGROUP_NAME];

        places_cgroup_name(d->places.exec_path, strlen(d->places.exec_path), name);
        d->cgroup_parent = brig_str_dup(name);
        return d->cgroup_parent ? 0 : -ENOMEM;
}

static int write_pidfile(const Brigd *d, BrigError *err)
{
        _cleanup_close_ int fd = -EBADF;

        if (!d->options.pidfile)
                return 0;
        fd = open(d->options.pidfile, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (fd < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "pidfile \"%s\"", d->options.pidfile);
        return 0;
}

/* Options, configuration file, ceiling: all that --validate looks at. */
static int configure(Brigd *d, BrigError *err)
{
        int r = account_lookup(NULL, &d->account, err);

        if (r >= 0)
                r = programs_open(&d->programs, err);
        if (r >= 0)
                r = api_compile_config(d, err);
        if (r >= 0)
                r = options_finish(&d->options, err);
        if (r >= 0 && d->options.user)
                r = account_lookup(d->options.user, &d->account, err);
        if (r >= 0)
                r = load_ceiling(d, err);
        return r;
}

static int open_all(Brigd *d, BrigError *err)
{
        int r = places_open(&d->places, d->options.data_root, d->options.exec_root, &d->account, BRIGD_STORAGE_BASE, err);

        if (r < 0)
                return r;
        r = ranges_open(&d->ranges, d->options.id_registry, err);
        if (r < 0)
                return r;
        r = name_cgroups(d);
        if (r >= 0)
                r = loop_init(&d->loop);
        if (r >= 0)
                r = open_signals(d);
        d->containers = r >= 0 ? brig_map_new(container_free) : NULL;
        if (!d->containers)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r < 0 ? r : ENOMEM, "start");
        r = listeners_open(d, err);
        if (r >= 0)
                r = jobs_start(d, err);
        if (r >= 0)
                r = recover_containers(d, err);
        return r < 0 ? r : write_pidfile(d, err);
}

static int serve(Brigd *d, BrigError *err)
{
        int r;

        use_all_descriptors();
        r = open_all(d, err);
        if (r < 0)
                return r;
        api_start(d);
        log_info("brigd " BRIG_VERSION " serves \"%s\", data root \"%s\", cgroups \"%s\"",
                 d->options.hosts[0], d->options.data_root, d->cgroup_parent);
        r = loop_run(&d->loop);
        if (r < 0)
                (void)brig_error_errno(err, BRIG_ERR_INTERNAL, r, "event loop"); /* told below, as every failure */
        if (d->options.pidfile)
                (void)unlink(d->options.pidfile); /* a leftover is overwritten by the next start */
        return r;
}

static void brigd_done(Brigd *d)
{
        if (d->cgroup_parent)
                brig_cgroup_remove_parent(d->cgroup_parent);
        jobs_free(d);
        api_free(d);
        d->containers = brig_map_free(d->containers);
        listeners_close(d);
        ranges_done(&d->ranges);
        places_done(&d->places);
        programs_done(&d->programs);
        d->ceiling = brig_ceiling_free(d->ceiling);
        d->ceiling_text = brig_close(d->ceiling_text);
        d->signals = brig_close(d->signals);
        d->config = brig_close(d->config);
        loop_done(&d->loop);
        brig_freep(&d->cgroup_parent);
        options_done(&d->options);
}

static int run(Brigd *d, int argc, char **argv, BrigError *err)
{
        int r = options_parse(&d->options, argc, argv, err);

        if (r < 0)
                return r;
        if (d->options.help) {
                options_print_help();
                return 0;
        }
        if (d->options.version) {
                printf("brigd version " BRIG_VERSION "\n");
                return 0;
        }
        if (geteuid() != 0)
                return brig_error_set(err, BRIG_ERR_DENIED, EPERM, "brigd must be started by root");
        r = configure(d, err);
        if (r < 0)
                return r;
        brig_log_setup("brigd", d->options.log_level);
        if (!d->options.validate)
                return serve(d, err);
        printf("configuration OK\n");
        return 0;
}

int main(int argc, char **argv)
{
        Brigd d = {
                .programs = PROGRAMS_NONE, .places = PLACES_NONE, .ranges = RANGES_NONE, .ceiling_text = -EBADF, .signals = -EBADF,
                .config = -EBADF, .signal_source = LOOP_SOURCE_INIT, .loop.epoll = -EBADF,
                .api = { .child = CHILD_NONE, .child_source = LOOP_SOURCE_INIT, .link.fd = -EBADF, .link_source = LOOP_SOURCE_INIT },
        };
        BrigError err = BRIG_ERROR_INIT;
        int r;

        brig_log_setup("brigd", BRIG_LOG_INFO);
        (void)umask(022); /* cannot fail */
        r = run(&d, argc, argv, &err);
        brigd_done(&d);
        if (r < 0)
                log_error("%s", err.message);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
