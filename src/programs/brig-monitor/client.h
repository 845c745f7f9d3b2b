#pragma once
/* One attached connection (session.h says what it gets and when it is dropped). */
#include "session.h"

/* Takes fd in any case. */
int client_new(Session *s, int fd, const ClientConfig *config, Client **ret) _must_use_;
/* Sends what it can of the pending pieces; drops the client when its connection is gone. */
void client_push(Client *c);
/* Gives it a new piece; what it does not take at once is left[stream]. May drop the client. */
void client_offer(Client *c, unsigned stream, const char *data, size_t len);
/* Shuts the connection of a session that was started down, so that the peer sees its end even while another process holds a copy, and frees. */
void client_drop(Client *c);
bool client_wants(const Client *c, unsigned stream);
/* The session may take input again, or no more. May drop the client. */
void client_update(Client *c);
