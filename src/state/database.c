/*
 * The state database over SQLite.
 *
 * Durability without paying for it twice: the connection stays at
 * synchronous=NORMAL, whose commits survive the death of any process (the WAL is written, not
 * flushed). A durable commit flushes the WAL itself afterwards, outside the mutex, and one flush
 * serves every commit that was written before it began: concurrent writers share it.
 *
 * The file is held in exclusive locking mode: one brig-api per data root, and no
 * shared-memory file.
 */
#include "state/database.h"

#include "base/strings.h"
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>

#define BUSY_TIMEOUT_MS 5000
/* What SQLite's log reaches before it is folded into the file (wal_autocheckpoint, 1000 pages). */
#define WAL_RESERVE_BYTES (4 << 20)

/* What the page cache may hold, in KiB: the engine keeps its own tables in memory. */
#define SETUP_SQL                                                                       \
        "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" \
        "PRAGMA cache_size=-512; PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=ON"

#define TABLE_SQL(name) "CREATE TABLE " name " (key TEXT PRIMARY KEY NOT NULL, document TEXT NOT NULL);"

/* Step n brings a file of version n to n + 1 (PRAGMA user_version). Steps are only ever added. */
static const char *const migrations[] = {
        TABLE_SQL("container") TABLE_SQL("image") TABLE_SQL("reference") TABLE_SQL("layer")
        TABLE_SQL("volume") TABLE_SQL("network") TABLE_SQL("meta"),
        TABLE_SQL("container_state"),
};

static const char *const tables[] = {
        "container", "image", "reference", "layer", "volume", "network", "meta", "container_state",
};

typedef enum Statement { STATEMENT_PUT, STATEMENT_DELETE, STATEMENT_EACH, _STATEMENT_MAX } Statement;

/* The table's name goes between the two halves. */
static const struct { const char *before, *behind; } statement_texts[_STATEMENT_MAX] = {
        [STATEMENT_PUT] = { "INSERT INTO ", " (key, document) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET document = excluded.document" },
        [STATEMENT_DELETE] = { "DELETE FROM ", " WHERE key = ?1" },
        [STATEMENT_EACH] = { "SELECT key, document FROM ", " ORDER BY key" },
};

struct StateDb {
        char *path;
        sqlite3 *sql;
        sqlite3_stmt *statements[ARRAY_SIZE(tables)][_STATEMENT_MAX];
        pthread_mutex_t lock;           /* recursive: begin keeps it until commit or rollback */
        pid_t owner;                    /* thread that is in a transaction, else 0; written under lock, read by rollback without */
        uint64_t written;               /* commits so far; under lock */

        int wal_fd;
        pthread_mutex_t flush_lock;     /* taken without `lock` */
        uint64_t flushed;               /* commits that the last flush covered; under flush_lock */
};

/* --- errors ------------------------------------------------------------- */

static BrigErrorKind kind_of(int code)
{
        return (code & 0xff) == SQLITE_FULL ? BRIG_ERR_NO_SPACE : BRIG_ERR_INTERNAL;
}

static int fail(const StateDb *db, int code, const char *what, BrigError *err)
{
        int primary = code & 0xff;

        if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB)
                return brig_error_set(err, BRIG_ERR_INTERNAL, EUCLEAN,
                                      "%s: state database \"%s\" is damaged: %s; restore it, or move it away to start without containers and images",
                                      what, db->path, sqlite3_errstr(code));
        if (primary == SQLITE_BUSY || primary == SQLITE_LOCKED)
                return brig_error_set(err, BRIG_ERR_UNAVAILABLE, EBUSY, "%s: state database \"%s\" is in use by another process", what, db->path);
        return brig_error_set(err, kind_of(code), primary == SQLITE_FULL ? ENOSPC : EIO, "%s: state database \"%s\": %s", what, db->path,
                              db->sql ? sqlite3_errmsg(db->sql) : sqlite3_errstr(code));
}

/* --- opening ------------------------------------------------------------ */

static int execute(StateDb *db, const char *sql, const char *what, BrigError *err)
{
        int code = sqlite3_exec(db->sql, sql, NULL, NULL, NULL);

        return code == SQLITE_OK ? 0 : fail(db, code, what, err);
}

/* First value of the first row: an integer for user_version, text for the check. */
static int first_column(StateDb *db, const char *sql, int *ret_number, char **ret_text, BrigError *err)
{
        sqlite3_stmt *statement = NULL;
        int code = sqlite3_prepare_v2(db->sql, sql, -1, &statement, NULL);

        if (code == SQLITE_OK)
                code = sqlite3_step(statement);
        if (code == SQLITE_ROW) {
                *ret_number = sqlite3_column_int(statement, 0);
                *ret_text = brig_str_dup((const char *)sqlite3_column_text(statement, 0));
        }
        (void)sqlite3_finalize(statement); /* repeats the step's code */
        return code == SQLITE_ROW ? 0 : fail(db, code, "read", err);
}

static int check_integrity(StateDb *db, BrigError *err)
{
        _cleanup_free_ char *text = NULL;
        int ignored, r = first_column(db, "PRAGMA quick_check(1)", &ignored, &text, err);

        if (r < 0)
                return r;
        if (brig_str_equal(text, "ok"))
                return 0;
        return fail(db, SQLITE_CORRUPT, text ? text : "check", err);
}

static int migrate(StateDb *db, BrigError *err)
{
        _cleanup_free_ char *text = NULL;
        int version, r = first_column(db, "PRAGMA user_version", &version, &text, err);

        if (r < 0)
                return r;
        if (version > (int)ARRAY_SIZE(migrations))
                return brig_error_set(err, BRIG_ERR_INTERNAL, ENOTSUP, "state database \"%s\" has version %d, written by a newer Brig; this one knows %zu",
                                      db->path, version, ARRAY_SIZE(migrations));
        for (size_t i = (size_t)MAX2(version, 0); i < ARRAY_SIZE(migrations); i++) {
                _cleanup_free_ char *sql = brig_str_printf("BEGIN IMMEDIATE; %s PRAGMA user_version=%zu; COMMIT", migrations[i], i + 1);

                if (!sql)
                        return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "migrate state database");
                r = execute(db, sql, "migrate", err);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* The WAL exists from the first write on; an empty transaction makes sure of it. */
static int open_wal(StateDb *db, BrigError *err)
{
        _cleanup_free_ char *path = brig_str_printf("%s-wal", db->path);
        int r = execute(db, "BEGIN IMMEDIATE; INSERT INTO meta (key, document) VALUES ('opened', '1') ON CONFLICT (key) DO UPDATE SET "
                        "document = document + 1; COMMIT", "open", err);

        if (r < 0)
                return r;
        if (!path)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "open state database");
        db->wal_fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
        if (db->wal_fd < 0)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "open \"%s\"", path);
        /* A container that fills the disk must not keep its own end, or its removal, from being written: the log has its
         * blocks beforehand. Where the file system cannot do that (or is full already) the log grows as before. */
        (void)fallocate(db->wal_fd, FALLOC_FL_KEEP_SIZE, 0, WAL_RESERVE_BYTES);
        return 0;
}

static int init_locks(StateDb *db)
{
        pthread_mutexattr_t recursive;
        int r = pthread_mutexattr_init(&recursive);

        if (r == 0)
                r = pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
        if (r == 0)
                r = pthread_mutex_init(&db->lock, &recursive);
        (void)pthread_mutexattr_destroy(&recursive); /* glibc: cannot fail */
        if (r == 0)
                r = pthread_mutex_init(&db->flush_lock, NULL);
        return -r;
}

static int connect_file(StateDb *db, BrigError *err)
{
        int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
        int code = sqlite3_open_v2(db->path, &db->sql, flags, NULL);

        if (code != SQLITE_OK)
                return fail(db, code, "open", err);
        (void)sqlite3_busy_timeout(db->sql, BUSY_TIMEOUT_MS);
        (void)sqlite3_db_config(db->sql, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        return execute(db, SETUP_SQL, "open", err);
}

int brig_state_open(const char *path, StateDb **ret, BrigError *err)
{
        _cleanup_(brig_state_closep) StateDb *db = calloc(1, sizeof *db);
        int r;

        if (!db)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "open state database");
        db->wal_fd = -EBADF;
        r = init_locks(db);
        if (r < 0) {
                free(TAKE_PTR(db));
                return brig_error_errno(err, BRIG_ERR_INTERNAL, r, "open state database");
        }
        db->path = strdup(path);
        if (!db->path)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "open state database");
        r = connect_file(db, err);
        if (r == 0)
                r = check_integrity(db, err);
        if (r == 0)
                r = migrate(db, err);
        if (r == 0)
                r = open_wal(db, err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(db);
        return 0;
}

StateDb *brig_state_close(StateDb *db)
{
        if (!db)
                return NULL;
        for (size_t t = 0; t < ARRAY_SIZE(tables); t++)
                for (size_t s = 0; s < _STATEMENT_MAX; s++)
                        (void)sqlite3_finalize(db->statements[t][s]); /* reports old errors only */
        (void)sqlite3_close(db->sql); /* every statement is finalized: it cannot be busy */
        db->wal_fd = brig_close(db->wal_fd);
        (void)pthread_mutex_destroy(&db->lock);
        (void)pthread_mutex_destroy(&db->flush_lock);
        free(db->path);
        free(db);
        return NULL;
}

/* --- statements --------------------------------------------------------- */

static int table_index(const char *table)
{
        for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
                if (streq(tables[i], table))
                        return (int)i;
        brig_assert(!"a table of the schema");
        return -1;
}

static int prepare(StateDb *db, const char *table, Statement which, sqlite3_stmt **ret, BrigError *err)
{
        sqlite3_stmt **slot = &db->statements[table_index(table)][which];

        if (!*slot) {
                char sql[256];
                int code;

                (void)snprintf(sql, sizeof sql, "%s%s%s", statement_texts[which].before, table, statement_texts[which].behind);
                code = sqlite3_prepare_v3(db->sql, sql, -1, SQLITE_PREPARE_PERSISTENT, slot, NULL);
                if (code != SQLITE_OK)
                        return fail(db, code, table, err);
        }
        *ret = *slot;
        return 0;
}

static int run(StateDb *db, sqlite3_stmt *statement, const char *key, const char *document)
{
        int code = sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);

        if (code == SQLITE_OK && document)
                code = sqlite3_bind_text(statement, 2, document, -1, SQLITE_STATIC);
        if (code == SQLITE_OK)
                code = sqlite3_step(statement);
        (void)sqlite3_reset(statement); /* repeats the step's code */
        (void)sqlite3_clear_bindings(statement);
        return code == SQLITE_DONE ? SQLITE_OK : code;
}

/*
 * Waits until commit number `commit` is on disk. The flush runs without the
 * database's mutex, so that readers and other writers go on; who waited for the lock often finds his commit covered.
 */
static int flush(StateDb *db, uint64_t commit, BrigError *err)
{
        uint64_t covered;
        int r = 0;

        pthread_mutex_lock(&db->flush_lock);
        if (db->flushed < commit) {
                covered = __atomic_load_n(&db->written, __ATOMIC_ACQUIRE);
                if (fdatasync(db->wal_fd) < 0)
                        r = brig_error_errno(err, BRIG_ERR_INTERNAL, errno, "flush state database \"%s\"", db->path);
                else
                        db->flushed = covered;
        }
        pthread_mutex_unlock(&db->flush_lock);
        return r;
}

static int change(StateDb *db, const char *table, Statement which, const char *key, const char *document, BrigError *err)
{
        sqlite3_stmt *statement;
        int r = prepare(db, table, which, &statement, err);
        int code;

        if (r < 0)
                return r;
        code = run(db, statement, key, document);
        return code == SQLITE_OK ? 0 : fail(db, code, table, err);
}

/* One change: its own transaction unless the thread is in one. */
typedef struct Change { const char *table; Statement which; const char *key, *document; bool durable; } Change;

static int apply(StateDb *db, const Change *c, BrigError *err)
{
        uint64_t commit = 0;
        int r;

        pthread_mutex_lock(&db->lock);
        r = change(db, c->table, c->which, c->key, c->document, err);
        if (r == 0 && db->owner == 0)
                commit = __atomic_add_fetch(&db->written, 1, __ATOMIC_RELEASE);
        pthread_mutex_unlock(&db->lock);
        return r == 0 && c->durable && commit > 0 ? flush(db, commit, err) : r;
}

int brig_state_put(StateDb *db, const char *table, const char *key, const char *document, bool durable, BrigError *err)
{
        return apply(db, &(Change){ .table = table, .which = STATEMENT_PUT, .key = key, .document = document, .durable = durable }, err);
}

int brig_state_delete(StateDb *db, const char *table, const char *key, bool durable, BrigError *err)
{
        return apply(db, &(Change){ .table = table, .which = STATEMENT_DELETE, .key = key, .durable = durable }, err);
}

static int each_row(StateDb *db, sqlite3_stmt *statement, StateRowFn fn, void *context, BrigError *err)
{
        int code;

        while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
                int r = fn(context, (const char *)sqlite3_column_text(statement, 0), (const char *)sqlite3_column_text(statement, 1), err);

                if (r < 0)
                        return r;
        }
        return code == SQLITE_DONE ? 0 : fail(db, code, "read", err);
}

int brig_state_each(StateDb *db, const char *table, StateRowFn fn, void *context, BrigError *err)
{
        sqlite3_stmt *statement = NULL;
        int r;

        pthread_mutex_lock(&db->lock);
        r = prepare(db, table, STATEMENT_EACH, &statement, err);
        if (r == 0) {
                r = each_row(db, statement, fn, context, err);
                (void)sqlite3_reset(statement); /* repeats the step's code */
        }
        pthread_mutex_unlock(&db->lock);
        return r;
}

/* --- transactions ------------------------------------------------------- */

static void end_transaction(StateDb *db)
{
        __atomic_store_n(&db->owner, 0, __ATOMIC_RELAXED);
        pthread_mutex_unlock(&db->lock);
}

int brig_state_begin(StateDb *db, BrigError *err)
{
        int r;

        pthread_mutex_lock(&db->lock);
        brig_assert(db->owner == 0);
        r = execute(db, "BEGIN IMMEDIATE", "begin", err);
        if (r < 0) {
                pthread_mutex_unlock(&db->lock);
                return r;
        }
        __atomic_store_n(&db->owner, gettid(), __ATOMIC_RELAXED);
        return 0;
}

int brig_state_commit(StateDb *db, bool durable, BrigError *err)
{
        uint64_t commit;
        int r;

        brig_assert(db->owner == gettid());
        r = execute(db, "COMMIT", "commit", err);
        if (r < 0) {
                brig_state_rollback(db);
                return r;
        }
        commit = __atomic_add_fetch(&db->written, 1, __ATOMIC_RELEASE);
        end_transaction(db);
        return durable ? flush(db, commit, err) : 0;
}

void brig_state_rollback(StateDb *db)
{
        /* Only the owner can find itself here: others see another thread or none. */
        if (__atomic_load_n(&db->owner, __ATOMIC_RELAXED) != gettid())
                return;
        (void)sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL); /* fails only when SQLite has rolled back already */
        end_transaction(db);
}
