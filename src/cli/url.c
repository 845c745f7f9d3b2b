#include "cli/url.h"
#include "base/clock.h"
#include "base/strings.h"
#include <ctype.h>

static void put_prefix(Url *u)
{
        if (u->prefix)
                (void)brig_buffer_puts(&u->text, u->prefix);
        u->prefix = NULL;
}

static void put_encoded(Url *u, const char *s, const char *keep)
{
        for (; *s; s++)
                if (isalnum((unsigned char)*s) || strchr("-._~", *s) || strchr(keep, *s))
                        (void)brig_buffer_putc(&u->text, *s);
                else
                        (void)brig_buffer_printf(&u->text, "%%%02X", (unsigned char)*s);
}

void brig_url_segment(Url *u, const char *name)
{
        put_prefix(u);
        while (*name == '/')
                name++;
        if (!*name)
                u->empty_segment = true;
        (void)brig_buffer_putc(&u->text, '/');
        put_encoded(u, name, "/:@");
}

void brig_url_query(Url *u, const char *name, const char *value)
{
        put_prefix(u);
        (void)brig_buffer_putc(&u->text, u->has_query ? '&' : '?');
        u->has_query = true;
        (void)brig_buffer_puts(&u->text, name);
        (void)brig_buffer_putc(&u->text, '=');
        put_encoded(u, value, "");
}

void brig_url_flag(Url *u, const char *name, bool on)
{
        if (on)
                brig_url_query(u, name, "1");
}

void brig_url_query_json(Url *u, const char *name, const json_t *value)
{
        _cleanup_free_ char *text = NULL;

        if (json_object_size(value) == 0)
                return;
        text = json_dumps(value, JSON_COMPACT);
        brig_url_query(u, name, text ?: "");
        if (!text)
                u->text.error = -ENOMEM;
}

int brig_url_query_time(Url *u, const char *name, const char *value, BrigError *err)
{
        char text[48];
        int64_t ns;

        if (brig_str_empty(value))
                return 0;
        if (brig_time_parse(value, brig_now_realtime(), &ns) < 0)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid value for \"%s\": failed to parse value as time or duration: \"%s\"", name, value);
        (void)snprintf(text, sizeof(text), "%lld.%09lld", (long long)(ns / BRIG_NSEC_PER_SEC), (long long)(ns % BRIG_NSEC_PER_SEC));
        brig_url_query(u, name, text);
        return 0;
}

const char *brig_url_text(Url *u)
{
        put_prefix(u);
        return u->text.error || u->empty_segment ? NULL : u->text.data;
}

void brig_url_done(Url *u)
{
        brig_buffer_done(&u->text);
}
