#include "cli/target.h"
#include "base/clock.h"
#include "base/strings.h"
#include <ctype.h>

static void put_prefix(Target *t)
{
        if (t->prefix)
                (void)brig_buffer_puts(&t->text, t->prefix);
        t->prefix = NULL;
}

static void put_encoded(Target *t, const char *s, const char *keep)
{
        for (; *s; s++)
                if (isalnum((unsigned char)*s) || strchr("-._~", *s) || strchr(keep, *s))
                        (void)brig_buffer_putc(&t->text, *s);
                else
                        (void)brig_buffer_printf(&t->text, "%%%02X", (unsigned char)*s);
}

void brig_target_segment(Target *t, const char *name)
{
        put_prefix(t);
        while (*name == '/')
                name++;
        if (!*name)
                t->empty_segment = true;
        (void)brig_buffer_putc(&t->text, '/');
        put_encoded(t, name, "/:@");
}

void brig_target_query(Target *t, const char *name, const char *value)
{
        put_prefix(t);
        (void)brig_buffer_putc(&t->text, t->has_query ? '&' : '?');
        t->has_query = true;
        (void)brig_buffer_puts(&t->text, name);
        (void)brig_buffer_putc(&t->text, '=');
        put_encoded(t, value, "");
}

void brig_target_flag(Target *t, const char *name, bool on)
{
        if (on)
                brig_target_query(t, name, "1");
}

void brig_target_query_json(Target *t, const char *name, const json_t *value)
{
        _cleanup_free_ char *text = NULL;

        if (json_object_size(value) == 0)
                return;
        text = json_dumps(value, JSON_COMPACT);
        brig_target_query(t, name, text ?: "");
        if (!text)
                t->text.error = -ENOMEM;
}

int brig_target_query_time(Target *t, const char *name, const char *value, BrigError *err)
{
        char text[48];
        int64_t ns;

        if (brig_str_empty(value))
                return 0;
        if (brig_time_parse(value, brig_now_realtime(), &ns) < 0)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid value for \"%s\": failed to parse value as time or duration: \"%s\"", name, value);
        (void)snprintf(text, sizeof(text), "%lld.%09lld", (long long)(ns / BRIG_NSEC_PER_SEC), (long long)(ns % BRIG_NSEC_PER_SEC));
        brig_target_query(t, name, text);
        return 0;
}

const char *brig_target_text(Target *t)
{
        put_prefix(t);
        return t->text.error || t->empty_segment ? NULL : t->text.data;
}

void brig_target_done(Target *t)
{
        brig_buffer_done(&t->text);
}
