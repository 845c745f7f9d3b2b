/* Filling a reply; sending it is the server's business. */
#include "api/request.h"

#include "base/strings.h"

void brig_reply_clear(Reply *reply)
{
        if (reply->free_context)
                reply->free_context(reply->context);
        free(reply->text);
        brig_pairs_clear(&reply->headers);
        *reply = (Reply){ 0 };
}

int brig_reply_empty(Request *r, unsigned status)
{
        r->reply.kind = REPLY_TEXT;
        r->reply.status = status;
        return 0;
}

int brig_reply_json(Request *r, unsigned status, json_t *value, BrigError *err)
{
        _cleanup_json_ json_t *owned = value;
        _cleanup_free_ char *text = owned ? brig_json_text(owned) : NULL;
        size_t len;

        if (!text)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot write the answer");
        /* Go's encoder ends every document with a newline, and clients print some of them raw. */
        len = strlen(text);
        r->reply.text = realloc(text, len + 2);
        if (!r->reply.text)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot write the answer");
        (void)TAKE_PTR(text);
        memcpy(r->reply.text + len, "\n", 2);
        r->reply.kind = REPLY_TEXT;
        r->reply.status = status;
        r->reply.content_type = "application/json";
        r->reply.text_len = len + 1;
        return 0;
}

int brig_reply_text(Request *r, unsigned status, const char *content_type, const char *text, BrigError *err)
{
        r->reply.text = brig_str_dup(text);
        if (!r->reply.text)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot write the answer");
        r->reply.kind = REPLY_TEXT;
        r->reply.status = status;
        r->reply.content_type = content_type;
        r->reply.text_len = strlen(text);
        return 0;
}

int brig_reply_header(Request *r, const char *name, const char *value, BrigError *err)
{
        if (brig_pairs_set(&r->reply.headers, name, value) < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "cannot write the answer's headers");
        return 0;
}

static Reply *with_context(Request *r, const ReplyStream *s, ReplyKind kind)
{
        r->reply.kind = kind;
        r->reply.status = 200;
        r->reply.content_type = s->content_type;
        r->reply.context = s->context;
        r->reply.free_context = s->free_context;
        return &r->reply;
}

void brig_reply_stream(Request *r, const ReplyStream *s, ReplyNextFn next)
{
        with_context(r, s, REPLY_STREAM)->next = next;
}

void brig_reply_produce(Request *r, const ReplyStream *s, ReplyProduceFn produce)
{
        with_context(r, s, REPLY_PRODUCE)->produce = produce;
}

void brig_reply_hijack(Request *r, const ReplyStream *s, ReplyHijackFn hijack, bool framed)
{
        Reply *reply = with_context(r, s, REPLY_HIJACK);

        reply->hijack = hijack;
        reply->framed = framed;
}

int brig_reply_write(void *conveyor, const void *data, size_t len)
{
        return brig_conveyor_put(conveyor, data, len);
}
