#include "fake-engine.h"

#include "base/clock.h"
#include "base/strings.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

struct ImageStore { Engine *engine; };
struct ContainerWait { int fd; };
struct LogReader { int left; };
struct EventCursor { int left; Event event; };

static const EngineOptions fake_options = { .data_root = "/tmp" };

Engine *fake_engine_new(void)
{
        Engine *e = calloc(1, sizeof(*e));

        brig_assert(e);
        e->images = calloc(1, sizeof(*e->images));
        brig_assert(e->images);
        e->images->engine = e;
        e->wait_fd = eventfd(0, EFD_CLOEXEC);
        return e;
}

void fake_engine_free(Engine *e)
{
        brig_close(e->wait_fd);
        free(e->images);
        free(e);
}

ImageStore *brig_engine_images(Engine *e) { return e->images; }
const EngineOptions *brig_engine_options(const Engine *e) { return &fake_options; }
void brig_engine_counts(Engine *e, EngineCounts *ret) { *ret = (EngineCounts){ .containers = 1, .running = 1, .images = 1 }; }

void brig_engine_cancel(Engine *e) { }
int brig_engine_image_in_use(void *engine, const char *image_id, char ret_container[16]) { return 0; }

void brig_engine_emit(Engine *e, const char *type, const char *action, const char *actor_id, const JsonPairs *attributes)
{
        (void)snprintf(e->last_event, sizeof(e->last_event), "%s %s %s %s", type, action, actor_id, brig_pairs_get(attributes, "name") ?: "");
}

static int check_name(const char *ref, BrigError *err)
{
        if (streq(ref, "web") || (strlen(ref) >= 12 && brig_str_has_prefix(FAKE_ID, ref)))
                return 0;
        return brig_error_set(err, BRIG_ERR_NOT_FOUND, ENOENT, "No such container: %s", ref);
}

/* --- containers -------------------------------------------------------- */

const char *brig_container_state_name(ContainerState s)
{
        static const char *const names[] = { "created", "running", "paused", "restarting", "removing", "exited", "dead" };

        return names[s];
}

ContainerView *fake_view(void)
{
        ContainerView *v = calloc(1, sizeof(*v));
        ContainerDefinition *d = calloc(1, sizeof(*d));

        brig_assert(v && d);
        memcpy(v->id, FAKE_ID, sizeof(FAKE_ID));
        v->name = strdup("web");
        v->state = CONTAINER_RUNNING;
        v->pid = 4711;
        v->created = INT64_C(1700000000123456789);
        v->started_at = INT64_C(1700000001000000000);
        v->image_id = strdup(FAKE_IMAGE);
        v->image_name = strdup("busybox");
        v->path = strdup("sh");
        brig_assert(brig_strv_push(&v->args, "-c") == 0 && brig_strv_push(&v->args, "sleep 9") == 0);
        v->data_dir = strdup("/data/containers/1");
        brig_assert(brig_strv_push(&d->host.binds, "/src:/dst:ro,rslave") == 0);
        brig_assert(brig_pairs_set(&d->config.labels, "a", "b") == 0);
        v->definition = v->_owner = d;
        return v;
}

ContainerView *brig_container_view_free(ContainerView *v)
{
        ContainerDefinition *d = v->_owner;

        brig_strv_free(d->host.binds);
        brig_pairs_clear(&d->config.labels);
        free(d);
        free(v->name);
        free(v->image_id);
        free(v->image_name);
        free(v->path);
        brig_strv_free(v->args);
        free(v->data_dir);
        free(v);
        return NULL;
}

int brig_container_get(Engine *e, const char *ref, ContainerView **ret, BrigError *err)
{
        int r = check_name(ref, err);

        if (r >= 0)
                *ret = fake_view();
        return r;
}

int brig_container_list(Engine *e, const ListRequest *r, ContainerView ***ret, BrigError *err)
{
        *ret = calloc(2, sizeof(**ret));
        (*ret)[0] = fake_view();
        return 0;
}

ContainerView **brig_container_views_free(ContainerView **v)
{
        for (size_t i = 0; v && v[i]; i++)
                brig_container_view_free(v[i]);
        free(v);
        return NULL;
}

int brig_container_create(Engine *e, const CreateRequest *r, BrigId ret_id, char ***ret_warnings, BrigError *err)
{
        if (!r->definition->config.image)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "config cannot be empty in order to create a container");
        (void)snprintf(e->created_name, sizeof(e->created_name), "%s", r->name ?: "");
        memcpy(ret_id, FAKE_ID, sizeof(FAKE_ID));
        brig_definition_clear(r->definition);
        free(r->definition);
        *ret_warnings = NULL;
        return 0;
}

int brig_container_start(Engine *e, const char *ref, BrigError *err)
{
        int r = check_name(ref, err);

        return r < 0 ? r : brig_error_set(err, BRIG_ERR_NOT_MODIFIED, EALREADY, "already started");
}

int brig_container_stop(Engine *e, const char *ref, const char *signal, int64_t timeout_s, BrigError *err)
{
        e->stop_timeout = timeout_s;
        (void)snprintf(e->stop_signal, sizeof(e->stop_signal), "%s", signal ?: "");
        return check_name(ref, err);
}

int brig_container_restart(Engine *e, const char *ref, const char *signal, int64_t timeout_s, BrigError *err)
{
        return brig_container_stop(e, ref, signal, timeout_s, err);
}

int brig_container_kill(Engine *e, const char *ref, const char *signal, BrigError *err) { return check_name(ref, err); }
int brig_container_pause(Engine *e, const char *ref, bool pause, BrigError *err) { return check_name(ref, err); }
int brig_container_rename(Engine *e, const char *ref, const char *name, BrigError *err) { return check_name(ref, err); }
int brig_container_resize(Engine *e, const char *ref, uint32_t rows, uint32_t cols, BrigError *err) { return check_name(ref, err); }
int brig_container_remove(Engine *e, const char *ref, const RemoveRequest *r, BrigError *err) { return check_name(ref, err); }

int brig_container_prune(Engine *e, const json_t *filters, char ***ret_ids, int64_t *ret_bytes, BrigError *err)
{
        *ret_bytes = 0;
        return 0;
}

int brig_container_pids(Engine *e, const char *ref, int32_t **ret, size_t *ret_n, BrigError *err)
{
        *ret = malloc(sizeof(**ret));
        (*ret)[0] = getpid();
        *ret_n = 1;
        return 0;
}

int brig_container_readback(Engine *e, const char *ref, char **ret, BrigError *err)
{
        *ret = strdup("seccomp\tfilter\nmount\t/proc\nmount\t/sys\nno tab\nmount\t/dev\n");
        return check_name(ref, err);
}

int brig_container_wait_begin(Engine *e, const char *ref, WaitCondition c, ContainerWait **ret, BrigError *err)
{
        int r = check_name(ref, err);

        if (r < 0)
                return r;
        *ret = malloc(sizeof(**ret));
        (*ret)->fd = e->wait_fd;
        return 0;
}

int brig_container_wait_poll_fd(ContainerWait *w) { return w->fd; }

int brig_container_wait_finish(ContainerWait *w, int cancel_fd, int *ret_exit_code, char **ret_error, BrigError *err)
{
        free(w);
        if (ret_exit_code)
                *ret_exit_code = 42;
        return 0;
}

/* --- streams ----------------------------------------------------------- */

/* Says what the far end says, in capitals, until it ends; then a farewell. */
static void *echo(void *argument)
{
        int fd = (int)(intptr_t)argument;

        for (;;) {
                struct pollfd p = { .fd = fd, .events = POLLIN };
                char buffer[256];
                ssize_t n;

                (void)poll(&p, 1, -1);
                n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
                if (n <= 0)
                        break;
                for (ssize_t i = 0; i < n; i++)
                        if (buffer[i] >= 'a' && buffer[i] <= 'z')
                                buffer[i] = (char)(buffer[i] - 'a' + 'A');
                if (send(fd, buffer, (size_t)n, MSG_NOSIGNAL) < 0)
                        break;
        }
        (void)send(fd, "bye", 3, MSG_NOSIGNAL);
        brig_close(fd);
        return NULL;
}

static void start_echo(int fd)
{
        pthread_t thread;

        brig_assert(pthread_create(&thread, NULL, echo, (void *)(intptr_t)fd) == 0);
        brig_assert(pthread_detach(thread) == 0);
}

int brig_container_attach_check(Engine *e, const char *ref, bool *ret_tty, BrigError *err)
{
        *ret_tty = false;
        return check_name(ref, err);
}

int brig_container_attach(Engine *e, const char *ref, const AttachRequest *r, BrigError *err)
{
        e->attached = *r;
        if (!r->stdin_) {
                (void)send(r->fd, "output only", 11, MSG_NOSIGNAL);
                brig_close(r->fd);
                return 0;
        }
        start_echo(r->fd);
        return 0;
}

int brig_logs_open(Engine *e, const char *ref, const LogRequest *r, LogReader **ret, bool *ret_tty, BrigError *err)
{
        int result = check_name(ref, err);

        if (result < 0)
                return result;
        *ret = calloc(1, sizeof(**ret));
        (*ret)->left = 3;
        *ret_tty = false;
        return 0;
}

int brig_logs_next(LogReader *l, int timeout_ms, BrigBuffer *out)
{
        if (l->left == 2)
                return l->left--, -ETIMEDOUT;
        (void)brig_buffer_puts(out, "line\n");
        return --l->left > 0;
}

LogReader *brig_logs_close(LogReader *l)
{
        free(l);
        return NULL;
}

int brig_events_open(Engine *e, int64_t since, int64_t until, const json_t *filters, EventCursor **ret, BrigError *err)
{
        *ret = calloc(1, sizeof(**ret));
        (*ret)->left = 2;
        (*ret)->event = (Event){ .time = INT64_C(1700000000000000001), .type = "container", .action = "start", .actor_id = FAKE_ID };
        return brig_pairs_set(&(*ret)->event.attributes, "image", "busybox");
}

int brig_events_next(EventCursor *c, int timeout_ms, const Event **ret)
{
        *ret = &c->event;
        return c->left-- > 0;
}

EventCursor *brig_events_close(EventCursor *c)
{
        brig_pairs_clear(&c->event.attributes);
        free(c);
        return NULL;
}

/* --- exec -------------------------------------------------------------- */

static const ExecConfig exec_config = { .attach_stdout = true, .cmd = (char *[]){ (char *)"ls", (char *)"-l", NULL } };

int brig_exec_read(const json_t *body, ExecConfig *ret, BrigError *err) { return 0; }
void brig_exec_config_clear(ExecConfig *c) { }

int brig_exec_create(Engine *e, const char *container, ExecConfig *config, BrigId ret_id, BrigError *err)
{
        memcpy(ret_id, FAKE_EXEC_ID, sizeof(FAKE_EXEC_ID));
        return check_name(container, err);
}

int brig_exec_get(Engine *e, const char *id, ExecView **ret, BrigError *err)
{
        int r = brig_exec_check(e, id, err);

        if (r < 0)
                return r;
        *ret = calloc(1, sizeof(**ret));
        memcpy((*ret)->id, FAKE_EXEC_ID, sizeof(FAKE_EXEC_ID));
        memcpy((*ret)->container_id, FAKE_ID, sizeof(FAKE_ID));
        (*ret)->config = &exec_config;
        return 0;
}

ExecView *brig_exec_view_free(ExecView *v)
{
        free(v);
        return NULL;
}

int brig_exec_check(Engine *e, const char *id, BrigError *err)
{
        return streq(id, FAKE_EXEC_ID) ? 0 : brig_error_set(err, BRIG_ERR_NOT_FOUND, ENOENT, "No such exec instance: %s", id);
}

/* Always fails late: after the connection was handed over. */
int brig_exec_start(Engine *e, const char *id, int stream_fd, const int64_t console_size[2], BrigError *err)
{
        brig_close(stream_fd);
        return brig_error_set(err, BRIG_ERR_COMMAND_NOT_FOUND, ENOENT, "exec failed");
}

int brig_exec_resize(Engine *e, const char *id, uint32_t rows, uint32_t cols, BrigError *err) { return 0; }

/* --- images ------------------------------------------------------------ */

Image *fake_image(void)
{
        Image *i = calloc(1, sizeof(*i));

        brig_assert(i);
        memcpy(i->id, FAKE_IMAGE, sizeof(FAKE_IMAGE));
        i->size = 4096;
        i->created = INT64_C(1700000000000000000);
        brig_assert(brig_strv_push(&i->repo_tags, "busybox:latest") == 0);
        i->config.os = (char *)"linux";
        i->config.architecture = (char *)"amd64";
        return i;
}

Image *brig_image_unref(Image *i)
{
        brig_strv_free(i->repo_tags);
        free(i);
        return NULL;
}

int brig_image_resolve(ImageStore *s, const char *name, Image **ret, BrigError *err)
{
        if (!streq(name, "busybox") && !streq(name, "busybox:latest") && !streq(name, FAKE_IMAGE))
                return brig_error_set(err, BRIG_ERR_NOT_FOUND, ENOENT, "No such image: %s", name);
        *ret = fake_image();
        return 0;
}

int brig_image_list(ImageStore *s, Image ***ret, BrigError *err)
{
        *ret = calloc(2, sizeof(**ret));
        (*ret)[0] = fake_image();
        return 0;
}

Image **brig_image_list_free(Image **list)
{
        for (size_t i = 0; list && list[i]; i++)
                brig_image_unref(list[i]);
        free(list);
        return NULL;
}

static int swallow(ImageStore *s, const ImageSource *source, BrigError *err)
{
        char buffer[8192];
        ssize_t n;

        s->engine->uploaded = 0;
        while ((n = source->read(source->context, buffer, sizeof(buffer))) > 0) {
                s->engine->uploaded += (uint64_t)n;
                if (memchr(buffer, '!', (size_t)n))
                        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "the archive is broken");
        }
        return n < 0 ? brig_error_errno(err, BRIG_ERR_INVALID, (int)n, "the archive was cut off") : 0;
}

int brig_image_load(ImageStore *s, const ImageSource *source, const ImageProgress *progress, BrigError *err)
{
        int r = swallow(s, source, err);

        progress->line(progress->context, NULL, "Loading layer", "abc");
        progress->line(progress->context, "Loaded image: busybox:latest\n", NULL, NULL);
        return r;
}

int brig_image_import(ImageStore *s, const ImageSource *source, const ImageImport *options, char ret_id[72], BrigError *err)
{
        memcpy(ret_id, FAKE_IMAGE, sizeof(FAKE_IMAGE));
        return swallow(s, source, err);
}

int brig_image_save(ImageStore *s, char *const *names, ImageWriteFn write_fn, void *context, BrigError *err)
{
        char block[4096];
        int r = 0;

        memset(block, 'x', sizeof(block));
        if (!streq(names[0], "busybox"))
                return brig_error_set(err, BRIG_ERR_NOT_FOUND, ENOENT, "No such image: %s", names[0]);
        for (int i = 0; i < 1024 && r >= 0; i++)
                r = write_fn(context, block, sizeof(block));
        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "cannot write") : 0;
}

int brig_image_tag(ImageStore *s, const char *name, const char *repo, const char *tag, BrigError *err) { return 0; }

int brig_image_delete(ImageStore *s, const ImageDelete *request, char ***ret_lines, BrigError *err)
{
        brig_assert(brig_strv_push(ret_lines, "Untagged: busybox:latest") == 0 && brig_strv_push(ret_lines, "Deleted: " FAKE_IMAGE) == 0);
        return 0;
}

int brig_image_prune(ImageStore *s, const ImageDelete *in_use, bool all, char ***ret_lines, int64_t *ret_bytes, BrigError *err)
{
        *ret_bytes = 0;
        return 0;
}
