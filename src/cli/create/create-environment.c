/* Environment, labels and annotations: words on the command line and files of them. */
#include "cli/create/create-internal.h"
#include "base/strings.h"
#include "cli/create/key-values.h"

/* Files first, then the words: a word overrides what a file says, for the daemon takes the last one. */
static int put_env(const ContainerOptions *o, json_t *config, BrigError *err)
{
        _cleanup_strv_ char **all = NULL;
        int r = 0;

        BRIG_STRV_FOREACH(path, o->env_file) {
                r = brig_key_values_file(*path, true, &all, err);
                if (r < 0)
                        return r;
        }
        BRIG_STRV_FOREACH(word, o->env) {
                r = brig_key_values_env(*word, &all, err);
                if (r < 0)
                        return r;
        }
        BRIG_STRV_FOREACH(word, all) {
                r = brig_create_append(config, "Env", json_string(*word), err);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int put_labels(const ContainerOptions *o, json_t *config, BrigError *err)
{
        _cleanup_strv_ char **all = NULL;

        BRIG_STRV_FOREACH(path, o->label_file) {
                int r = brig_key_values_file(*path, false, &all, err);

                if (r < 0)
                        return r;
        }
        BRIG_STRV_FOREACH(word, o->label) {
                if (**word == '=' || !**word)
                        return brig_create_bad(err, *word, "-l, --label", "invalid label format");
                if (brig_strv_push(&all, *word) < 0)
                        return brig_create_no_memory(err);
        }
        return brig_create_map(config, "Labels", all, err);
}

int brig_create_environment(const ContainerOptions *o, json_t *config, BrigError *err)
{
        int r = put_env(o, config, err);

        return r < 0 ? r : put_labels(o, config, err);
}
