/*
 * brig-unpack: the one program that takes foreign archives apart and foreign trees
 * away. brigd starts it as uid 0 of a user namespace on the storage range, with the
 * descriptors it needs and nothing else. It locks itself in, does one thing, leaves
 * one line on the report descriptor (image/unpack-report.h) and exits 0 or 1.
 */
#include "base/error.h"
#include "base/strings.h"
#include "brig-config.h"
#include "image/unpack-report.h"
#include "programs/brig-unpack/layer.h"
#include "programs/brig-unpack/remove.h"
#include "programs/brig-unpack/sandbox.h"
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

typedef enum Mode { MODE_NONE, MODE_LAYER, MODE_REMOVE } Mode;

typedef struct Options {
        Mode mode;
        int blob_fd, dir_fd, report_fd;
        const char *diff_id;
        LayerLimits limits;
} Options;

#define DEFAULT_MAX_BYTES (UINT64_C(64) << 30)
#define DEFAULT_MAX_ENTRIES UINT64_C(4000000)
#define DEFAULT_MAX_ID 65536u

static const char usage[] =
        "usage: brig-unpack --layer --blob-fd N --dir-fd N --diff-id HEX [options]\n"
        "       brig-unpack --remove --dir-fd N [options]\n"
        "\n"
        "Started by brigd. Unpacks a layer into, or removes everything from, the folder\n"
        "that is open as --dir-fd.\n"
        "\n"
        "  --report-fd N     where the result line goes (default: standard output)\n"
        "  --max-bytes N     most bytes, inflated and as files\n"
        "  --max-entries N   most archive entries\n"
        "  --max-id N        first uid and gid that is refused\n"
        "  --version, --help\n";

enum { OPT_LAYER = 1, OPT_REMOVE, OPT_BLOB_FD, OPT_DIR_FD, OPT_REPORT_FD, OPT_DIFF_ID, OPT_MAX_BYTES, OPT_MAX_ENTRIES, OPT_MAX_ID, OPT_VERSION, OPT_HELP };

static const struct option long_options[] = {
        { "layer", no_argument, NULL, OPT_LAYER },
        { "remove", no_argument, NULL, OPT_REMOVE },
        { "blob-fd", required_argument, NULL, OPT_BLOB_FD },
        { "dir-fd", required_argument, NULL, OPT_DIR_FD },
        { "report-fd", required_argument, NULL, OPT_REPORT_FD },
        { "diff-id", required_argument, NULL, OPT_DIFF_ID },
        { "max-bytes", required_argument, NULL, OPT_MAX_BYTES },
        { "max-entries", required_argument, NULL, OPT_MAX_ENTRIES },
        { "max-id", required_argument, NULL, OPT_MAX_ID },
        { "version", no_argument, NULL, OPT_VERSION },
        { "help", no_argument, NULL, OPT_HELP },
        { 0 },
};

static int parse_fd(const char *s, int *ret)
{
        uint32_t n;

        if (brig_parse_u32(s, &n) < 0 || n > INT32_MAX || fcntl((int)n, F_GETFD) < 0)
                return -EBADF;
        *ret = (int)n;
        return 0;
}

static int parse_option(Options *o, int option)
{
        switch (option) {
        case OPT_LAYER:
                o->mode = MODE_LAYER;
                return 0;
        case OPT_REMOVE:
                o->mode = MODE_REMOVE;
                return 0;
        case OPT_BLOB_FD:
                return parse_fd(optarg, &o->blob_fd);
        case OPT_DIR_FD:
                return parse_fd(optarg, &o->dir_fd);
        case OPT_REPORT_FD:
                return parse_fd(optarg, &o->report_fd);
        case OPT_DIFF_ID:
                o->diff_id = optarg;
                return brig_is_hex(optarg, 64) ? 0 : -EINVAL;
        case OPT_MAX_BYTES:
                return brig_parse_u64(optarg, &o->limits.max_bytes);
        case OPT_MAX_ENTRIES:
                return brig_parse_u64(optarg, &o->limits.max_entries);
        case OPT_MAX_ID:
                return brig_parse_u32(optarg, &o->limits.max_id);
        default:
                return -EINVAL;
        }
}

/* 0; 1 when everything was said already; negative after a complaint. */
static int parse_options(int argc, char **argv, Options *o)
{
        int option;

        while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
                if (option == OPT_HELP || option == OPT_VERSION) {
                        (void)fputs(option == OPT_HELP ? usage : "brig-unpack " BRIG_VERSION "\n", stdout);
                        return 1;
                }
                if (parse_option(o, option) < 0) {
                        if (option != '?')
                                fprintf(stderr, "brig-unpack: bad value \"%s\"\n", optarg);
                        return -EINVAL;
                }
        }
        if (optind == argc && o->dir_fd >= 0 && (o->mode == MODE_REMOVE || (o->mode == MODE_LAYER && o->blob_fd >= 0 && o->diff_id)))
                return 0;
        (void)fputs(usage, stderr);
        return -EINVAL;
}

/* Descriptors that came by accident end here, before anything foreign is read. */
static int close_others(const Options *o)
{
        int kept[] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, o->dir_fd, o->report_fd, o->blob_fd };
        unsigned from = 0;

        for (;;) {
                unsigned next = ~0u;

                for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
                        if (kept[i] >= 0 && (unsigned)kept[i] >= from && (unsigned)kept[i] < next)
                                next = (unsigned)kept[i];
                if (next > from && syscall(SYS_close_range, from, next == ~0u ? ~0u : next - 1, 0) < 0)
                        return -errno;
                if (next == ~0u)
                        return 0;
                from = next + 1;
        }
}

static int unpack(const Options *o, UnpackReport *ret, BrigError *err)
{
        _cleanup_blob_stream_ BlobStream stream = { .fd = -EBADF };
        int r = brig_blob_stream_open(&stream, o->blob_fd, o->limits.max_bytes, err);

        if (r == 0)
                r = brig_unpack_sandbox_enter(o->dir_fd, o->limits.max_bytes, err);
        if (r == 0)
                r = brig_layer_unpack(&stream, o->dir_fd, &o->limits, ret, err);
        if (r == 0)
                r = brig_blob_stream_verify(&stream, o->diff_id, err);
        /* One flush for the layer; brigd renames it into place only when this has returned. */
        if (r == 0 && syncfs(o->dir_fd) < 0)
                r = brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "cannot flush the layer to disk");
        return r;
}

static int run(const Options *o, UnpackReport *ret, BrigError *err)
{
        int r = close_others(o);

        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot close stray descriptors");
        (void)umask(0);
        if (o->mode == MODE_LAYER)
                return unpack(o, ret, err);
        r = brig_unpack_sandbox_enter(o->dir_fd, 0, err);
        return r < 0 ? r : brig_remove_content(o->dir_fd, err);
}

int main(int argc, char **argv)
{
        Options o = {
                .blob_fd = -EBADF, .dir_fd = -EBADF, .report_fd = STDOUT_FILENO,
                .limits = { .max_bytes = DEFAULT_MAX_BYTES, .max_entries = DEFAULT_MAX_ENTRIES, .max_id = DEFAULT_MAX_ID },
        };
        BrigError err = BRIG_ERROR_INIT;
        UnpackReport report = { 0 };
        char line[BRIG_UNPACK_REPORT_MAX];
        int r = parse_options(argc, argv, &o);

        if (r != 0)
                return r < 0 ? 2 : 0;
        r = run(&o, &report, &err);
        if (r < 0)
                brig_unpack_report_error(&err, line);
        else
                brig_unpack_report_ok(&report, line);
        /* Nobody reads: the exit code says enough. No exit handlers: libraries' would ask for calls that the filter kills. */
        if (write(o.report_fd, line, strlen(line)) < 0)
                r = -errno;
        _exit(r < 0 ? 1 : 0);
}
