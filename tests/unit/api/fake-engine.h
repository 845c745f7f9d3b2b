#pragma once
/*
 * Stands in for the engine and the image store where only the HTTP side is under test: one
 * container "web" (running), one image, streams that echo. fake_calls counts what was asked.
 */
#include "engine/engine.h"

#define FAKE_ID "1111111111111111111111111111111111111111111111111111111111111111"
#define FAKE_EXEC_ID "2222222222222222222222222222222222222222222222222222222222222222"
#define FAKE_IMAGE "sha256:3333333333333333333333333333333333333333333333333333333333333333"

struct Engine {
        ImageStore *images;
        int wait_fd;                    /* eventfd: the container's end */
        int64_t stop_timeout;
        char stop_signal[32];
        char created_name[64];
        uint64_t uploaded;              /* bytes that the last load or import read */
        AttachRequest attached;
        char last_event[256];           /* type action actor name */
};

Engine *fake_engine_new(void);
void fake_engine_free(Engine *e);
/* A view of the one container; the definition belongs to the view. */
ContainerView *fake_view(void);
Image *fake_image(void);
