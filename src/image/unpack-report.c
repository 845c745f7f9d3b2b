#include "image/unpack-report.h"

#include "base/strings.h"
#include <inttypes.h>

static const struct { BrigErrorKind kind; const char *word; } kinds[] = {
        { BRIG_ERR_INTERNAL, "internal" },
        { BRIG_ERR_INVALID, "invalid" },
        { BRIG_ERR_TOO_LARGE, "too-large" },
        { BRIG_ERR_NO_SPACE, "no-space" },
};

void brig_unpack_report_ok(const UnpackReport *report, char out[BRIG_UNPACK_REPORT_MAX])
{
        (void)snprintf(out, BRIG_UNPACK_REPORT_MAX, "ok %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", report->bytes,
                       report->entries, report->skipped);
}

static const char *kind_word(BrigErrorKind kind)
{
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (kinds[i].kind == kind)
                        return kinds[i].word;
        return kinds[0].word;
}

void brig_unpack_report_error(const BrigError *error, char out[BRIG_UNPACK_REPORT_MAX])
{
        static const char digits[] = "0123456789abcdef";
        int n = snprintf(out, BRIG_UNPACK_REPORT_MAX, "error %s ", kind_word(error->kind));
        size_t at = (size_t)n;

        for (const char *p = error->message; *p && at + 6 < BRIG_UNPACK_REPORT_MAX; p++) {
                unsigned char c = (unsigned char)*p;

                if (c >= 0x20 && c < 0x7f) {
                        out[at++] = (char)c;
                        continue;
                }
                out[at++] = '\\';
                out[at++] = 'x';
                out[at++] = digits[c >> 4];
                out[at++] = digits[c & 15];
        }
        out[at++] = '\n';
        out[at] = '\0';
}

static int bad_line(BrigError *err)
{
        return brig_error_set(err, BRIG_ERR_INTERNAL, EBADMSG, "brig-unpack's report makes no sense");
}

static int parse_ok(const char *numbers, UnpackReport *ret, BrigError *err)
{
        _cleanup_strv_ char **v = NULL;
        UnpackReport r = { 0 };

        if (brig_strv_split(numbers, ' ', &v) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot read brig-unpack's report");
        if (brig_strv_len(v) != 3 || brig_parse_u64(v[0], &r.bytes) < 0 || brig_parse_u64(v[1], &r.entries) < 0 ||
            brig_parse_u64(v[2], &r.skipped) < 0)
                return bad_line(err);
        *ret = r;
        return 0;
}

static int parse_error(const char *text, BrigError *err)
{
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                size_t n = strlen(kinds[i].word);

                if (strncmp(text, kinds[i].word, n) == 0 && text[n] == ' ')
                        return brig_error_set(err, kinds[i].kind, kinds[i].kind == BRIG_ERR_NO_SPACE ? ENOSPC : EIO, "%s",
                                              text + n + 1);
        }
        return bad_line(err);
}

int brig_unpack_report_parse(const char *line, UnpackReport *ret, BrigError *err)
{
        char text[BRIG_UNPACK_REPORT_MAX];
        size_t n = strcspn(line, "\n");

        if (n == 0)
                return brig_error_set(err, BRIG_ERR_INTERNAL, EIO, "brig-unpack ended without a report");
        if (n >= sizeof(text))
                return bad_line(err);
        memcpy(text, line, n);
        text[n] = '\0';
        if (brig_str_has_prefix(text, "ok "))
                return parse_ok(text + 3, ret, err);
        if (brig_str_has_prefix(text, "error "))
                return parse_error(text + 6, err);
        return bad_line(err);
}
