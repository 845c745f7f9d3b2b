#pragma once
/* Shared by the files that build the create body. Every function appends to a JSON object that create-body.c owns. */
#include "cli/create/create-body.h"

/* One option that is copied as it is to one member. */
typedef struct CopyRow {
        const char *member;
        OptKind kind;
        size_t offset;           /* into ContainerOptions */
} CopyRow;
#define COPY(json_member, k, m) { (json_member), OPT_##k, offsetof(ContainerOptions, m) }
/* Copies what was given: non-empty strings and lists, true booleans, numbers that were set. */
int brig_create_copy(const CopyRow *rows, size_t n, const ContainerOptions *o, json_t *to, BrigError *err) _must_use_;

/* Sets a member; takes the value, also on failure. NULL value: out of memory. */
int brig_create_set(json_t *object, const char *member, json_t *value, BrigError *err) _must_use_;
/* The object member, made when it is not there; borrowed, NULL when out of memory. */
json_t *brig_create_object(json_t *parent, const char *member);
/* Appends to the array member, made when needed; takes the value. */
int brig_create_append(json_t *parent, const char *member, json_t *value, BrigError *err) _must_use_;
/* "name=value" words into an object of strings; a word without '=' gets "". */
int brig_create_map(json_t *parent, const char *member, char *const *words, BrigError *err) _must_use_;
int brig_create_no_memory(BrigError *err);
/* docker's words for a bad value: invalid argument "x" for "--flag" flag: why */
int brig_create_bad(BrigError *err, const char *value, const char *flag, const char *why);

/* The parts, one file each. config is the body itself, host its HostConfig. */
int brig_create_environment(const ContainerOptions *o, json_t *config, BrigError *err) _must_use_;
int brig_create_mounts(const ContainerOptions *o, json_t *config, json_t *host, BrigError *err) _must_use_;
int brig_create_ports(const ContainerOptions *o, json_t *config, json_t *host, BrigError *err) _must_use_;
int brig_create_networks(const ContainerOptions *o, json_t *config, json_t *host, BrigError *err) _must_use_;
int brig_create_devices(const ContainerOptions *o, json_t *host, BrigError *err) _must_use_;
int brig_create_security(const ContainerOptions *o, json_t *host, BrigError *err) _must_use_;

/* "a=b,"c,d=e"" into fields as encoding/csv does for one line. */
int brig_csv_fields(const char *s, char ***ret) _must_use_;
/* Cuts "name=value" in place; value NULL when there is no '='. */
char *brig_cut_value(char *word);
