/*
 * The image documents: each input is tried as every kind. What is accepted is
 * written, read again and written again; both texts must agree, else a stored
 * image would change by being stored.
 */
#include "base/strings.h"
#include "spec/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One reader, writer and clearer with the types erased. */
#define ROUND_TRIP(type, name)                                                                                  \
        static void round_trip_##name(const char *text, size_t len)                                             \
        {                                                                                                       \
                _cleanup_free_ char *first = NULL, *second = NULL;                                              \
                BrigError err = BRIG_ERROR_INIT;                                                                \
                type model;                                                                                     \
                                                                                                                \
                if (brig_##name##_read(text, len, &model, &err) < 0) {                                          \
                        brig_assert(err.kind != BRIG_OK && err.message[0]);                                     \
                        return;                                                                                 \
                }                                                                                               \
                first = brig_##name##_text(&model);                                                             \
                brig_##name##_clear(&model);                                                                    \
                brig_assert(first && brig_##name##_read(first, strlen(first), &model, &err) == 0);              \
                second = brig_##name##_text(&model);                                                            \
                brig_##name##_clear(&model);                                                                    \
                brig_assert(second && streq(first, second));                                                    \
        }

ROUND_TRIP(ImageManifest, image_manifest)
ROUND_TRIP(ImageIndex, image_index)
ROUND_TRIP(ImageConfig, image_config)
ROUND_TRIP(JsonArray, docker_archive)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const char *text = (const char *)data;
        BrigError err = BRIG_ERROR_INIT;

        round_trip_image_manifest(text, size);
        round_trip_image_index(text, size);
        round_trip_image_config(text, size);
        round_trip_docker_archive(text, size);
        if (brig_oci_layout_check(text, size, &err) < 0)
                brig_assert(err.message[0]);
        return 0;
}
