#pragma once
/* What changes an image is told to everyone who listens on /events; the image store knows nothing of events. */
#include "api/request.h"

/* name: the reference it was about; NULL: the image's id. Attributes are the image's labels and the name. */
void brig_image_event(Engine *e, const char *action, const Image *image, const char *name);
/* As event, for what `reference` names now; nothing when it names nothing. */
void brig_image_event_by_name(Engine *e, const char *action, const char *reference);
/* {"reclaimed": "N"} of a prune; type is "image" or "container". */
void brig_prune_event(Engine *e, const char *type, int64_t bytes);
/* untag and delete for the lines of a deletion. images: what there was before, for telling images from layers. */
void brig_image_events_of_deletion(Engine *e, char *const *lines, Image *const *images);
