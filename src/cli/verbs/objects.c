#include "cli/verbs/objects.h"
#include "base/strings.h"

static int remove_one(Cli *cli, const char *path, const char *name, bool force, BrigError *err)
{
        _cleanup_url_ Url u = { .text = BRIG_BUFFER_INIT(URL_MAX), .prefix = path };

        brig_url_segment(&u, name);
        brig_url_flag(&u, "force", force);
        return brig_daemon_call(&cli->daemon, &(DaemonCall) { .method = "DELETE", .url = &u }, NULL, err);
}

int brig_remove_each(Cli *cli, const char *path, char *const *names, bool force, bool missing_is_fine)
{
        int status = 0;

        for (; *names; names++) {
                BrigError err = BRIG_ERROR_INIT;

                if (remove_one(cli, path, *names, force, &err) >= 0) {
                        printf("%s\n", *names);
                        continue;
                }
                brig_cli_complain(&err);
                if (!missing_is_fine || err.kind != BRIG_ERR_NOT_FOUND)
                        status = 1;
        }
        return status;
}

json_t *brig_words_object(char *const *words)
{
        json_t *object = json_object();

        BRIG_STRV_FOREACH(word, words) {
                size_t len = strcspn(*word, "=");
                _cleanup_free_ char *name = strndup(*word, len);

                if (!name || json_object_set_new(object, name, json_string((*word)[len] ? *word + len + 1 : "")) < 0) {
                        json_decref(object);
                        return NULL;
                }
        }
        return object;
}
