#include "cli/usage.h"
#include "base/strings.h"

#define WIDTH 80
#define NAME_COLUMN_MAX 40

/* Prints text from column `indent` on, broken at blanks; '\n' in the text starts a new line. */
static void print_wrapped(FILE *out, const char *text, size_t indent)
{
        size_t room = WIDTH - indent;

        for (bool first = true; *text || first; first = false) {
                size_t len = strcspn(text, "\n"), cut = len;

                if (len > room) {
                        for (cut = room; cut > 0 && text[cut] != ' '; cut--)
                                ;
                        if (cut == 0)
                                cut = room + strcspn(text + room, " \n");
                }
                fprintf(out, "%*s%.*s\n", first ? 0 : (int)indent, "", (int)cut, text);
                text += cut;
                if (*text == ' ' || *text == '\n')
                        text++;
        }
}

/* ---- options ---- */

static size_t option_name(const Option *o, char *name, size_t size)
{
        const char *word = brig_option_value_word(o);
        char letter[8] = "    ";
        int n;

        if (o->letter)
                (void)snprintf(letter, sizeof(letter), "-%c, ", o->letter);
        n = snprintf(name, size, "  %s--%s%s%s", letter, o->name, word ? " " : "", word ?: "");
        return n < 0 ? 0 : (size_t)n;
}

static int compare_options(const void *a, const void *b)
{
        const Option *const *x = a, *const *y = b;

        return strcmp((*x)->name, (*y)->name);
}

/* The visible rows by name. free(3) the vector; NULL when there is none. */
static const Option **sorted_options(const Option *options, size_t *ret_n)
{
        const Option **sorted;
        size_t n = 0;

        while (options[n].name)
                n++;
        sorted = n > 0 ? calloc(n, sizeof(*sorted)) : NULL;
        n = 0;
        for (const Option *o = options; sorted && o->name; o++)
                if (!(o->flags & OPT_F_HIDDEN))
                        sorted[n++] = o;
        if (sorted)
                qsort(sorted, n, sizeof(*sorted), compare_options);
        *ret_n = n;
        return sorted;
}

static void print_options(FILE *out, const char *title, const Option *options)
{
        size_t n, column = 0;
        _cleanup_free_ const Option **sorted = sorted_options(options, &n);
        char name[128];

        if (!sorted)
                return;
        for (size_t i = 0; i < n; i++)
                column = MAX2(column, option_name(sorted[i], name, sizeof(name)) + 3);
        column = MIN2(column, NAME_COLUMN_MAX);
        fprintf(out, "\n%s:\n", title);
        for (size_t i = 0; i < n; i++) {
                (void)option_name(sorted[i], name, sizeof(name));
                fprintf(out, "%-*s", (int)column, name);
                print_wrapped(out, sorted[i]->help, column);
        }
}

/* ---- verbs ---- */

/* Every path in the tree that leads to the verb. */
static void collect_paths(const Command *c, const char *prefix, const Verb *verb, BrigBuffer *paths)
{
        for (; c->name; c++) {
                char path[64];

                (void)snprintf(path, sizeof(path), "%s %s", prefix, c->name);
                if (c->group)
                        collect_paths(c->group, path, verb, paths);
                else if (c->verb == verb)
                        (void)brig_buffer_printf(paths, "%s%s", paths->len ? ", " : "", path);
        }
}

void brig_usage_verb(FILE *out, const Cli *cli, const Verb *verb)
{
        _cleanup_buffer_ BrigBuffer paths = BRIG_BUFFER_INIT(1024);

        fprintf(out, "Usage:  %s %s\n\n%s\n", cli->path, verb->usage, verb->summary);
        collect_paths(brig_cli_commands, cli->program, verb, &paths);
        if (paths.data && strchr(paths.data, ','))
                fprintf(out, "\nAliases:\n  %s\n", paths.data);
        print_options(out, "Options", verb->options);
}

/* ---- groups ---- */

static size_t widest_command(const Command *group)
{
        size_t widest = 0;

        for (const Command *c = group; c->name; c++)
                widest = MAX2(widest, strlen(c->name));
        return widest;
}

typedef enum Section { SECTION_COMMON, SECTION_GROUPS, SECTION_REST, _SECTION_MAX } Section;

static Section section_of(const Command *c)
{
        if (c->flags & COMMAND_COMMON)
                return SECTION_COMMON;
        return c->group ? SECTION_GROUPS : SECTION_REST;
}

static void print_commands(FILE *out, const Command *group, Section section, const char *title)
{
        int width = (int)widest_command(group);
        bool any = false;

        for (const Command *c = group; c->name; c++) {
                if ((c->flags & COMMAND_HIDDEN) || section_of(c) != section)
                        continue;
                if (!any)
                        fprintf(out, "\n%s:\n", title);
                any = true;
                fprintf(out, "  %-*s  %s\n", width, c->name, c->group ? c->summary : c->verb->summary);
        }
}

void brig_usage_group(FILE *out, const Cli *cli, const Command *group, const char *summary, const Option *globals)
{
        static const char *const titles[_SECTION_MAX] = { "Common Commands", "Management Commands", "Commands" };

        fprintf(out, "Usage:  %s %sCOMMAND\n\n%s\n", cli->path, globals ? "[OPTIONS] " : "", summary);
        for (Section s = 0; s < _SECTION_MAX; s++)
                print_commands(out, group, s, titles[s]);
        if (globals)
                print_options(out, "Global Options", globals);
        fprintf(out, "\nRun '%s COMMAND --help' for more information on a command.\n", cli->path);
}
