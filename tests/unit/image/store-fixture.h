#pragma once
/* An image store on a scratch folder, with layers that are hashed and remembered instead of unpacked. */
#include "base/map.h"
#include "base/strings.h"
#include "image/image.h"
#include "tests/unit/cmocka-all.h"
#include "tests/unit/image/tar-build.h"
#include <pthread.h>

typedef struct FakeLayers {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        BrigMap *present;               /* diff ID → anything */
        unsigned unpacked, removed;     /* calls that did something */
        unsigned waiting;               /* inside unpack, held back */
        bool hold_back;                 /* unpack waits until this is cleared */
        int fail;                       /* BrigErrorKind of the next unpack */
} FakeLayers;

typedef struct StoreFixture {
        char folder[64];
        StateDb *db;
        ImageStore *store;
        FakeLayers fake;
        BrigBuffer said;                /* what load told */
        BrigBuffer saved;               /* what save wrote */
        BrigError err;
        int use;                        /* what in_use answers */
} StoreFixture;

int store_setup(void **state);
int store_teardown(void **state);
#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)
/* Closes and opens again, with repair: as after a crash. */
void store_reopen(StoreFixture *f);

/* Files below blobs/, by kind; negative: fails the test. */
size_t count_blobs(const StoreFixture *f);
size_t count_temporary(const StoreFixture *f);
size_t count_layers(StoreFixture *f);
size_t count_images(StoreFixture *f);
/* Nothing of any image is left anywhere. */
void expect_empty(StoreFixture *f);

/* A layer with one file. */
typedef struct MadeLayer { BrigBuffer tar; char diff_id[72]; } MadeLayer;
void make_layer(MadeLayer *l, const char *name, const char *content);
void done_layer(MadeLayer *l);
#define _cleanup_layer_ _cleanup_(done_layer)

int load_bytes(StoreFixture *f, const void *data, size_t len);
int load_tar(StoreFixture *f, BrigBuffer *tar);         /* ends it first */
int import_bytes(StoreFixture *f, const void *data, size_t len, const ImageImport *options, char id[72]);
int save_names(StoreFixture *f, char *const *names);
int in_use(void *context, const char *id, char container[16]);
int delete_image(StoreFixture *f, const char *name, bool force, char ***lines);
Image *must_resolve(StoreFixture *f, const char *name);
void expect_error(const StoreFixture *f, int result, BrigErrorKind kind, const char *words);
void expect_success(const StoreFixture *f, int result);
