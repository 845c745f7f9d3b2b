/* The state database: what was committed is there again, what is broken is named, a full disk is told. */
#include "state/database.h"

#include "base/strings.h"
#include "tests/unit/cmocka-all.h"
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

typedef struct Fixture { char folder[64]; char path[96]; } Fixture;

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        return remove(path);
}

static int setup(void **state)
{
        Fixture *f = calloc(1, sizeof *f);

        (void)snprintf(f->folder, sizeof f->folder, "/tmp/brig-state-XXXXXX");
        assert_non_null(mkdtemp(f->folder));
        (void)snprintf(f->path, sizeof f->path, "%s/state.db", f->folder);
        *state = f;
        return 0;
}

static int teardown(void **state)
{
        Fixture *f = *state;

        (void)nftw(f->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
        free(f);
        return 0;
}

static StateDb *must_open(const char *path)
{
        BrigError err = BRIG_ERROR_INIT;
        StateDb *db = NULL;

        if (brig_state_open(path, &db, &err) < 0)
                fail_msg("open: %s", err.message);
        return db;
}

typedef struct Rows { char text[256]; } Rows;

static int collect(void *context, const char *key, const char *document, BrigError *err)
{
        Rows *rows = context;
        size_t len = strlen(rows->text);

        (void)snprintf(rows->text + len, sizeof rows->text - len, "%s=%s;", key, document);
        return 0;
}

static void assert_rows(StateDb *db, const char *table, const char *expected)
{
        Rows rows = { "" };

        assert_int_equal(brig_state_each(db, table, collect, &rows, NULL), 0);
        assert_string_equal(rows.text, expected);
}

static void rows_survive_a_close(void **state)
{
        Fixture *f = *state;
        StateDb *db = must_open(f->path);

        assert_int_equal(brig_state_put(db, "container", "b", "2", true, NULL), 0);
        assert_int_equal(brig_state_put(db, "container", "a", "1", false, NULL), 0);
        assert_int_equal(brig_state_put(db, "container", "a", "one", false, NULL), 0);
        assert_int_equal(brig_state_put(db, "image", "a", "other table", false, NULL), 0);
        assert_int_equal(brig_state_put(db, "container", "c", "3", false, NULL), 0);
        assert_int_equal(brig_state_delete(db, "container", "c", true, NULL), 0);
        assert_int_equal(brig_state_delete(db, "container", "never there", true, NULL), 0);
        brig_state_close(db);

        db = must_open(f->path);
        assert_rows(db, "container", "a=one;b=2;");
        assert_rows(db, "volume", "");
        brig_state_close(db);
}

static void plain_commits_survive_the_death_of_the_process(void **state)
{
        Fixture *f = *state;
        StateDb *db;
        int status;
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
                if (brig_state_open(f->path, &db, NULL) < 0 || brig_state_put(db, "container", "a", "1", false, NULL) < 0)
                        _exit(1);
                raise(SIGKILL);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        db = must_open(f->path);
        assert_rows(db, "container", "a=1;");
        brig_state_close(db);
}

static void transactions_are_all_or_nothing(void **state)
{
        Fixture *f = *state;
        StateDb *db = must_open(f->path);

        assert_int_equal(brig_state_begin(db, NULL), 0);
        assert_int_equal(brig_state_put(db, "container", "a", "1", true, NULL), 0);
        brig_state_rollback(db);
        assert_rows(db, "container", "");

        assert_int_equal(brig_state_begin(db, NULL), 0);
        assert_int_equal(brig_state_put(db, "container", "a", "1", true, NULL), 0);
        assert_int_equal(brig_state_put(db, "image", "i", "2", true, NULL), 0);
        assert_int_equal(brig_state_commit(db, true, NULL), 0);
        brig_state_close(db);
        db = must_open(f->path);
        assert_rows(db, "container", "a=1;");
        assert_rows(db, "image", "i=2;");
        brig_state_close(db);
}

static int stop_at_once(void *context, const char *key, const char *document, BrigError *err)
{
        return -ECANCELED;
}

static void a_walk_can_be_ended(void **state)
{
        Fixture *f = *state;
        StateDb *db = must_open(f->path);

        assert_int_equal(brig_state_put(db, "container", "a", "1", false, NULL), 0);
        assert_int_equal(brig_state_each(db, "container", stop_at_once, NULL, NULL), -ECANCELED);
        assert_int_equal(brig_state_put(db, "container", "a", "2", false, NULL), 0);
        brig_state_close(db);
}

static void a_file_that_is_no_database_is_named(void **state)
{
        Fixture *f = *state;
        BrigError err = BRIG_ERROR_INIT;
        StateDb *db = NULL;
        int fd = open(f->path, O_CREAT | O_WRONLY, 0600);

        for (int i = 0; i < 300; i++)
                assert_int_equal(write(fd, "not a database. ", 16), 16);
        close(fd);
        assert_true(brig_state_open(f->path, &db, &err) < 0);
        assert_non_null(strstr(err.message, f->path));
        assert_non_null(strstr(err.message, "damaged"));
        assert_null(db);
}

static void a_damaged_page_is_noticed_at_open(void **state)
{
        Fixture *f = *state;
        BrigError err = BRIG_ERROR_INIT;
        StateDb *db = must_open(f->path);
        char garbage[4096];
        int fd;

        for (int i = 0; i < 200; i++) {
                char key[16];

                (void)snprintf(key, sizeof key, "%d", i);
                assert_int_equal(brig_state_put(db, "container", key, "some document of some length", false, NULL), 0);
        }
        brig_state_close(db);
        db = NULL;
        memset(garbage, 0x5a, sizeof garbage);
        fd = open(f->path, O_WRONLY);
        assert_int_equal(pwrite(fd, garbage, sizeof garbage, 4096), sizeof garbage);
        close(fd);
        assert_true(brig_state_open(f->path, &db, &err) < 0);
        assert_non_null(strstr(err.message, "damaged"));
}

static void a_newer_file_is_refused(void **state)
{
        Fixture *f = *state;
        BrigError err = BRIG_ERROR_INIT;
        StateDb *db = must_open(f->path);
        sqlite3 *sql;

        brig_state_close(db);
        db = NULL;
        assert_int_equal(sqlite3_open(f->path, &sql), SQLITE_OK);
        assert_int_equal(sqlite3_exec(sql, "PRAGMA user_version=4711", NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(sql);
        assert_true(brig_state_open(f->path, &db, &err) < 0);
        assert_non_null(strstr(err.message, "newer Brig"));
}

/* A file size limit stands for the full disk: writes fail with EFBIG, which SQLite reports as it does ENOSPC or as an I/O error. */
static void a_failed_write_leaves_the_old_rows(void **state)
{
        Fixture *f = *state;
        BrigError err = BRIG_ERROR_INIT;
        StateDb *db = must_open(f->path);
        struct rlimit old, small = { 1 << 17, 1 << 17 };
        char *big = malloc(1 << 20);

        memset(big, 'x', (1 << 20) - 1);
        big[(1 << 20) - 1] = '\0';
        assert_int_equal(brig_state_put(db, "container", "a", "1", true, NULL), 0);
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
        small.rlim_max = old.rlim_max;
        signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        assert_true(brig_state_put(db, "container", "a", big, true, &err) < 0);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
        assert_non_null(strstr(err.message, f->path));
        assert_rows(db, "container", "a=1;");
        assert_int_equal(brig_state_put(db, "container", "a", "2", true, NULL), 0);
        brig_state_close(db);
        free(big);
}

typedef struct Writer { StateDb *db; int number; int failures; } Writer;

static void *write_many(void *context)
{
        Writer *w = context;

        for (int i = 0; i < 20; i++) {
                char key[32];

                (void)snprintf(key, sizeof key, "%d-%02d", w->number, i);
                if (brig_state_put(w->db, "container", key, "x", i % 2 == 0, NULL) < 0)
                        w->failures++;
        }
        return NULL;
}

static int count(void *context, const char *key, const char *document, BrigError *err)
{
        ++*(int *)context;
        return 0;
}

static void many_threads_write_at_once(void **state)
{
        Fixture *f = *state;
        StateDb *db = must_open(f->path);
        pthread_t threads[4];
        Writer writers[4];
        int rows = 0;

        for (int i = 0; i < 4; i++) {
                writers[i] = (Writer){ .db = db, .number = i };
                assert_int_equal(pthread_create(&threads[i], NULL, write_many, &writers[i]), 0);
        }
        for (int i = 0; i < 4; i++) {
                assert_int_equal(pthread_join(threads[i], NULL), 0);
                assert_int_equal(writers[i].failures, 0);
        }
        assert_int_equal(brig_state_each(db, "container", count, &rows, NULL), 0);
        assert_int_equal(rows, 80);
        brig_state_close(db);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                WITH_FOLDER(rows_survive_a_close),
                WITH_FOLDER(plain_commits_survive_the_death_of_the_process),
                WITH_FOLDER(transactions_are_all_or_nothing),
                WITH_FOLDER(a_walk_can_be_ended),
                WITH_FOLDER(a_file_that_is_no_database_is_named),
                WITH_FOLDER(a_damaged_page_is_noticed_at_open),
                WITH_FOLDER(a_newer_file_is_refused),
                WITH_FOLDER(a_failed_write_leaves_the_old_rows),
                WITH_FOLDER(many_threads_write_at_once),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
