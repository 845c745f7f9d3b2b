#include "runtime/birth-internal.h"

#include "sys/fd.h"
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

/* The text travels only as far as it goes. */
#define PACKET_MIN offsetof(BirthPacket, text)

int brig_birth_pair(int ret[2])
{
        return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret) < 0 ? -errno : 0;
}

static int send_packet(int link, const BirthPacket *packet, const int *fds, size_t n_fds)
{
        return brig_fd_send(link, packet, PACKET_MIN + strnlen(packet->text, sizeof packet->text - 1) + 1, fds, n_fds);
}

int brig_birth_send(int link, BirthType type, pid_t pid, const int *fds, size_t n_fds)
{
        BirthPacket packet = { .type = type, .pid = pid };

        return send_packet(link, &packet, fds, n_fds);
}

int brig_birth_send_kind(int link, BirthType type, uint32_t kind, const int *fds, size_t n_fds)
{
        BirthPacket packet = { .type = type, .kind = kind };

        return send_packet(link, &packet, fds, n_fds);
}

void brig_birth_error(int link, const BrigError *err)
{
        BirthPacket packet = { .type = BIRTH_ERROR, .kind = err->kind, .errnum = err->errnum };

        (void)snprintf(packet.text, sizeof packet.text, "%s", err->message);
        BRIG_IGNORE(send_packet(link, &packet, NULL, 0)); /* M sees the end of the process in any case */
}

void brig_birth_warn(int link, const char *text)
{
        BirthPacket packet = { .type = BIRTH_WARNING };

        (void)snprintf(packet.text, sizeof packet.text, "%s", text);
        BRIG_IGNORE(send_packet(link, &packet, NULL, 0)); /* a lost warning must not end a start */
}

int brig_birth_receive(int link, BirthMessage *ret)
{
        ssize_t n;

        ret->n_fds = BIRTH_FDS;
        n = brig_fd_receive(link, &ret->packet, sizeof ret->packet, ret->fds, &ret->n_fds);
        if (n <= 0) {
                ret->n_fds = 0;
                return (int)n;
        }
        if ((size_t)n <= PACKET_MIN) {
                brig_birth_done(ret);
                return -EBADMSG;
        }
        ((char *)&ret->packet)[n - 1] = '\0';
        return 1;
}

int brig_birth_take_error(const BirthMessage *m, BrigError *err)
{
        BrigErrorKind kind = m->packet.kind > BRIG_OK && m->packet.kind < _BRIG_ERR_MAX ? m->packet.kind : BRIG_ERR_INTERNAL;

        return brig_error_set(err, kind, m->packet.errnum, "%s", m->packet.text);
}

int brig_birth_expect(int link, BirthType type, BirthMessage *ret, BrigError *err)
{
        int r = brig_birth_receive(link, ret);

        if (r < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot hear from the process next door");
        if (r == 0)
                return brig_error_set(err, BRIG_ERR_INTERNAL, EPIPE, "a process of the start ended without a word");
        if (ret->packet.type == (uint32_t)type)
                return 0;
        r = ret->packet.type == BIRTH_ERROR ? brig_birth_take_error(ret, err)
                                            : brig_error_set(err, BRIG_ERR_INTERNAL, EBADMSG, "message %u came where %u was due", ret->packet.type, type);
        brig_birth_done(ret);
        return r;
}

void brig_birth_done(BirthMessage *m)
{
        for (size_t i = 0; i < m->n_fds; i++)
                m->fds[i] = brig_close(m->fds[i]);
        m->n_fds = 0;
}
