#include "cli/create/key-values.h"
#include "base/buffer.h"
#include "base/strings.h"
#include "cli/cli.h"
#include <ctype.h>
#include <fcntl.h>

int brig_read_file(const char *path, size_t max, char **ret, size_t *ret_len, BrigError *err)
{
        _cleanup_buffer_ BrigBuffer b = BRIG_BUFFER_INIT(max);
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        char block[16384];
        ssize_t n = -1;

        while (fd >= 0 && b.error == 0 && (n = read(fd, block, sizeof(block))) > 0)
                (void)brig_buffer_append(&b, block, (size_t)n);
        if (b.error)
                return brig_error_errno(err, BRIG_ERR_TOO_LARGE, b.error, "reading \"%s\"", path);
        if (n < 0)
                return brig_error_errno(err, BRIG_ERR_INVALID, errno, "open %s", path);
        if (ret_len)
                *ret_len = b.len;
        *ret = brig_buffer_take(&b);
        return *ret ? 0 : brig_error_errno(err, BRIG_ERR_INTERNAL, ENOMEM, "reading \"%s\"", path);
}

static int push(char ***words, char *word, BrigError *err)
{
        int r = word ? brig_strv_consume(words, word) : -ENOMEM;

        return r < 0 ? brig_error_errno(err, BRIG_ERR_INTERNAL, r, "reading variables") : 0;
}

static int push_from_environment(const char *name, char ***words, BrigError *err)
{
        const char *value = getenv(name);

        return value ? push(words, brig_str_printf("%s=%s", name, value), err) : 0;
}

int brig_key_values_env(const char *word, char ***words, BrigError *err)
{
        if (*word == '=' || !*word)
                return brig_error_set(err, BRIG_ERR_INVALID, CLI_BAD_OPTION, "invalid argument \"%s\" for \"-e, --env\" flag: invalid environment variable: %s", word, word);
        /* A name that we do not have either goes as it is: the daemon takes the variable away from the image's. */
        if (!strchr(word, '=') && getenv(word))
                return push_from_environment(word, words, err);
        return push(words, strdup(word), err);
}

static int add_line(const char *path, const char *line, bool from_environment, char ***words, BrigError *err)
{
        size_t name_len;

        while (isspace((unsigned char)*line))
                line++;
        if (!*line || *line == '#')
                return 0;
        name_len = strcspn(line, "=");
        for (size_t i = 0; i < name_len; i++)
                if (isspace((unsigned char)line[i]))
                        return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid file (%s): variable '%.*s' contains whitespaces",
                                              path, (int)name_len, line);
        if (name_len == 0)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid file (%s): no variable name on line '%s'", path, line);
        if (!line[name_len] && from_environment)
                return push_from_environment(line, words, err);
        return push(words, strdup(line), err);
}

int brig_key_values_file(const char *path, bool from_environment, char ***words, BrigError *err)
{
        _cleanup_free_ char *text = NULL;
        size_t len;
        int r = brig_read_file(path, KEY_VALUE_FILE_MAX, &text, &len, err);

        if (r < 0)
                return r;
        if (strlen(text) != len)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "invalid file (%s): it contains a NUL byte", path);
        for (char *line = text, *next; line; line = next) {
                next = strchr(line, '\n');
                if (next)
                        *next++ = '\0';
                if (next && next - line > 1 && next[-2] == '\r')
                        next[-2] = '\0';
                r = add_line(path, line, from_environment, words, err);
                if (r < 0)
                        return r;
        }
        return 0;
}
