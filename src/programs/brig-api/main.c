/*
 * brig-api: the unprivileged half of the engine. Started by brigd with a channel
 * to it and the listening sockets; reads the configuration, gives up what it does not need,
 * opens the engine, serves until brigd hangs up. With --compile-config it turns daemon.json into
 * lines for brigd and ends.
 */
#include "api/api.h"
#include "base/log.h"
#include "base/strings.h"
#include "brig-config.h"
#include "programs/brig-api/config.h"
#include "programs/brig-api/sandbox.h"

#include <getopt.h>
#include <link.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <time.h>

BRIG_LOG_STATE;

#define MAX_LISTENERS 64
/* Requests that are being answered may finish; brigd waits no longer than this either. */
#define GRACE_MS 1000

typedef struct Arguments {
        const char *compile_config, *data_root, *exec_root, *config_file, *log_level;
        const char *channel, *listeners, *config_fd_text;
        int channel_fd, config_fd;      /* config_fd: the file as brigd has opened it, else -EBADF */
        int listen_fds[MAX_LISTENERS];
        size_t n_listen_fds;
} Arguments;

enum { OPT_COMPILE = 256, OPT_CHANNEL, OPT_LISTEN, OPT_DATA, OPT_EXEC, OPT_CONFIG, OPT_LEVEL, OPT_CONFIG_FD };

static const struct option long_options[] = {
        { "compile-config", required_argument, NULL, OPT_COMPILE }, { "channel-fd", required_argument, NULL, OPT_CHANNEL },
        { "listen-fd", required_argument, NULL, OPT_LISTEN }, { "data-root", required_argument, NULL, OPT_DATA },
        { "exec-root", required_argument, NULL, OPT_EXEC }, { "config-file", required_argument, NULL, OPT_CONFIG },
        { "log-level", required_argument, NULL, OPT_LEVEL }, { "config-fd", required_argument, NULL, OPT_CONFIG_FD }, { 0 },
};

static const size_t option_slots[] = {
        offsetof(Arguments, compile_config), offsetof(Arguments, channel), offsetof(Arguments, listeners), offsetof(Arguments, data_root),
        offsetof(Arguments, exec_root), offsetof(Arguments, config_file), offsetof(Arguments, log_level),
        offsetof(Arguments, config_fd_text),
};

static int parse_descriptor(const char *s, int *ret)
{
        uint32_t n;
        int r = brig_parse_u32(s, &n);

        if (r < 0 || n > INT32_MAX)
                return -EINVAL;
        *ret = (int)n;
        return 0;
}

static int parse_listeners(Arguments *a)
{
        _cleanup_strv_ char **numbers = NULL;

        if (brig_strv_split(a->listeners, ',', &numbers) < 0)
                return -ENOMEM;
        BRIG_STRV_FOREACH(n, numbers) {
                if (a->n_listen_fds == MAX_LISTENERS || parse_descriptor(*n, &a->listen_fds[a->n_listen_fds]) < 0)
                        return -EINVAL;
                a->n_listen_fds++;
        }
        return 0;
}

static int parse_arguments(int argc, char **argv, Arguments *a)
{
        int c;

        while ((c = getopt_long(argc, argv, "", long_options, NULL)) >= 0) {
                if (c < OPT_COMPILE)
                        return -EINVAL;
                *(const char **)((char *)a + option_slots[c - OPT_COMPILE]) = optarg;
        }
        if (a->config_fd_text && parse_descriptor(a->config_fd_text, &a->config_fd) < 0)
                return -EINVAL;
        if (a->compile_config)
                return optind == argc ? 0 : -EINVAL;
        if (optind != argc || !a->channel || !a->listeners || !a->data_root || !a->exec_root || !a->config_file)
                return -EINVAL;
        return parse_descriptor(a->channel, &a->channel_fd) < 0 ? -EINVAL : parse_listeners(a);
}

static int load_config(const Arguments *a, const char *path, bool must_exist, Config *ret, BrigError *err)
{
        _cleanup_close_ int fd = a->config_fd;

        return fd >= 0 ? config_read(fd, path, ret, err) : config_load(path, must_exist, ret, err);
}

static int compile_config(const Arguments *a)
{
        const char *path = a->compile_config;
        _cleanup_(config_clear) Config config = { 0 };
        _cleanup_free_ char *lines = NULL;
        BrigError err = BRIG_ERROR_INIT;

        if (load_config(a, path, true, &config, &err) < 0) {
                log_error("%s", err.message);
                return 1;
        }
        lines = config_flatten(&config);
        if (!lines || fputs(lines, stdout) < 0 || fflush(stdout) < 0) {
                log_error("%s: a value has a line break or a tab", path);
                return 1;
        }
        return 0;
}

static void on_access(const ApiAccess *a)
{
        double ms = (double)a->nanoseconds / 1e6;

        if (a->status >= 500 && a->status != 501)
                log_warn("%s %s: %u: %s", a->method, a->target, a->status, a->message ?: "");
        else
                log_debug("%s %s: %u in %.2f ms%s%s", a->method, a->target, a->status, ms, a->message ? ": " : "", a->message ?: "");
}

static EngineOptions engine_options(const Arguments *a, const Config *c)
{
        EngineOptions o = {
                .data_root = a->data_root, .exec_root = a->exec_root, .channel_fd = a->channel_fd, .default_profile = c->profile ?: "standard",
                .disable = "", .default_pids = c->default_pids.set ? c->default_pids.value : 0, .default_nofile = c->nofile,
                .default_memory = c->memory_bytes, .log_max_size = c->log_max_size, .log_max_files = c->log_max_files,
                .shutdown_timeout_s = c->shutdown_timeout.set ? (uint32_t)c->shutdown_timeout.value : 0, .labels = c->labels, .init = c->init == 1,
        };

#ifdef BRIG_TEST_SWITCHES
        o.disable = getenv("BRIG_TEST_DISABLE") ?: "";
#endif
        return o;
}

/* Until brigd hangs up or a signal asks for the end. */
static int wait_for_end(Engine *engine)
{
        sigset_t mask;
        _cleanup_close_ int signals = -EBADF;
        struct pollfd p[2];

        (void)sigemptyset(&mask);
        (void)sigaddset(&mask, SIGTERM);
        (void)sigaddset(&mask, SIGINT);
        signals = signalfd(-1, &mask, SFD_CLOEXEC);
        if (signals < 0)
                return -errno;
        p[0] = (struct pollfd){ .fd = signals, .events = POLLIN };
        p[1] = (struct pollfd){ .fd = brig_engine_wait_brigd(engine), .events = POLLIN | POLLRDHUP };
        while (poll(p, 2, -1) < 0)
                if (errno != EINTR)
                        return -errno;
        log_debug("ending: %s", p[0].revents ? "a signal" : "brigd is gone");
        return 0;
}

/* Read-only parts of one library; the pages are in the page cache and come back as they are needed. */
static int drop_pages(struct dl_phdr_info *info, size_t size, void *context)
{
        const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

        for (size_t i = 0; i < info->dlpi_phnum; i++) {
                const ElfW(Phdr) *h = &info->dlpi_phdr[i];
                uintptr_t start = (info->dlpi_addr + h->p_vaddr) & ~(page - 1), end = info->dlpi_addr + h->p_vaddr + h->p_memsz;

                if (h->p_type == PT_LOAD && !(h->p_flags & PF_W))
                        (void)madvise((void *)start, end - start, MADV_DONTNEED); /* memory only: a failure costs nothing else */
        }
        return 0;
}

/* Starting touches most of what starting alone needs: relocations, the libraries' own set-up, the schema. */
static void shrink(void)
{
        (void)malloc_trim(0);
        (void)dl_iterate_phdr(drop_pages, NULL);
}

static int serve(const Arguments *a, const Config *c, BrigError *err)
{
        const EngineOptions options = engine_options(a, c);
        Engine *engine = NULL;
        Api *api = NULL;
        int r = brig_engine_open(&options, &engine, err);

        if (r < 0)
                return r;
        r = brig_api_start(&(ApiOptions){
                .engine = engine, .listen_fds = a->listen_fds, .n_listen_fds = a->n_listen_fds, .on_access = on_access,
                .debug = brig_str_equal(a->log_level, "debug"),
        }, &api, err);
        if (r < 0)
                return r;
        shrink();
        log_info("serving");
        r = wait_for_end(engine);
        brig_api_stop(api, GRACE_MS);
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot wait for the end") : 0;
}

/* Threads of long requests hold the engine, and every acknowledged change is on disk: the process just ends. */
static _noreturn_ void end(int status)
{
        (void)fflush(NULL);
        _exit(status);
}

static void prepare_process(void)
{
        sigset_t mask;

        /* Many threads, little memory each: two arenas, and what is freed goes back. */
        (void)mallopt(M_ARENA_MAX, 2);
        (void)mallopt(M_TRIM_THRESHOLD, 64 << 10);
        (void)mallopt(M_MMAP_THRESHOLD, 128 << 10);
        tzset();
        (void)signal(SIGPIPE, SIG_IGN);
        (void)sigemptyset(&mask);
        (void)sigaddset(&mask, SIGTERM);
        (void)sigaddset(&mask, SIGINT);
        (void)sigprocmask(SIG_BLOCK, &mask, NULL);
}

int main(int argc, char **argv)
{
        Arguments a = { .channel_fd = -EBADF, .config_fd = -EBADF };
        Config config = { 0 };
        BrigError err = BRIG_ERROR_INIT;
        BrigLogLevel level = BRIG_LOG_INFO;
        bool landlock = false;
        int r;

        brig_log_setup("brig-api", level);
        if (parse_arguments(argc, argv, &a) < 0 || (a.log_level && brig_log_level_parse(a.log_level, &level) < 0)) {
                log_error("bad arguments: this program is started by brigd");
                return 2;
        }
        brig_log_setup("brig-api", level);
        if (a.compile_config)
                return compile_config(&a);
        prepare_process();
        r = sandbox_check_privilege(&err);
        if (r >= 0)
                r = load_config(&a, a.config_file, false, &config, &err);
        if (r >= 0)
                r = sandbox_enter(a.data_root, a.config_file, &landlock, &err);
        if (r >= 0 && !landlock)
                log_warn("the kernel has no Landlock: the file system is guarded by permissions alone");
        if (r >= 0)
                r = serve(&a, &config, &err);
        if (r < 0)
                log_error("%s", err.message);
        end(r < 0);
}
