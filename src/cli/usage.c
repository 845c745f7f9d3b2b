#include "cli/usage.h"
#include "base/strings.h"

#define WIDTH 80
#define NAME_COLUMN_MAX 40

/* Prints text from column `indent` on, broken at blanks; '\n' in the text starts a new line. */
static void print_wrapped(const char *text, size_t indent)
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
                printf("%*s%.*s\n", first ? 0 : (int)indent, "", (int)cut, text);
                text += cut;
                if (*text == ' ' || *text == '\n')
                        text++;
        }
}

static size_t option_name(const Option *o, char *out, size_t size)
{
        const char *word = brig_option_value_word(o);
        char letter[8] = "    ";
        int n;

        if (o->letter)
                (void)snprintf(letter, sizeof(letter), "-%c, ", o->letter);
        n = snprintf(out, size, "  %s--%s%s%s", letter, o->name, word ? " " : "", word ?: "");
        return n < 0 ? 0 : (size_t)n;
}

static void print_options(const char *title, const Option *options)
{
        char name[128];
        size_t column = 0;

        for (const Option *o = options; o->name; o++)
                if (!(o->flags & OPT_F_HIDDEN))
                        column = MAX2(column, option_name(o, name, sizeof(name)) + 3);
        if (column == 0)
                return;
        column = MIN2(column, NAME_COLUMN_MAX);
        printf("\n%s:\n", title);
        for (const Option *o = options; o->name; o++) {
                if (o->flags & OPT_F_HIDDEN)
                        continue;
                (void)option_name(o, name, sizeof(name));
                printf("%-*s", (int)column, name);
                print_wrapped(o->help, column);
        }
}

/* Every path in the tree that leads to the verb. */
static void collect_paths(const Command *c, const char *prefix, const Verb *verb, BrigBuffer *out)
{
        for (; c->name; c++) {
                char path[64];

                (void)snprintf(path, sizeof(path), "%s %s", prefix, c->name);
                if (c->group)
                        collect_paths(c->group, path, verb, out);
                else if (c->verb == verb)
                        (void)brig_buffer_printf(out, "%s%s", out->len ? ", " : "", path);
        }
}

void brig_usage_verb(const Cli *cli, const Verb *verb)
{
        _cleanup_buffer_ BrigBuffer paths = BRIG_BUFFER_INIT(1024);

        printf("Usage:  %s %s\n\n%s\n", cli->path, verb->usage, verb->summary);
        collect_paths(brig_cli_commands, cli->program, verb, &paths);
        if (paths.data && strchr(paths.data, ','))
                printf("\nAliases:\n  %s\n", paths.data);
        print_options("Options", verb->options);
}

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

static void print_commands(const Command *group, Section section, const char *title)
{
        int width = (int)widest_command(group);
        bool any = false;

        for (const Command *c = group; c->name; c++) {
                if ((c->flags & COMMAND_HIDDEN) || section_of(c) != section)
                        continue;
                if (!any)
                        printf("\n%s:\n", title);
                any = true;
                printf("  %-*s  ", width, c->name);
                print_wrapped(c->group ? c->summary : c->verb->summary, (size_t)width + 4);
        }
}

void brig_usage_group(const Cli *cli, const Command *group, const char *summary, const Option *globals)
{
        static const char *const titles[_SECTION_MAX] = { "Common Commands", "Management Commands", "Commands" };

        printf("Usage:  %s %sCOMMAND\n\n%s\n", cli->path, globals ? "[OPTIONS] " : "", summary);
        for (Section s = 0; s < _SECTION_MAX; s++)
                print_commands(group, s, titles[s]);
        if (globals)
                print_options("Global Options", globals);
        printf("\nRun '%s COMMAND --help' for more information on a command.\n", cli->path);
}
