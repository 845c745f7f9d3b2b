/* The tree of commands: which names lead to which verb. */
#include "cli/cli.h"
#include "cli/verbs/verbs.h"

static const Command container_commands[] = {
        { "attach", &brig_verb_attach },
        { "create", &brig_verb_create },
        { "exec", &brig_verb_exec },
        { "kill", &brig_verb_kill },
        { "logs", &brig_verb_logs },
        { "pause", &brig_verb_pause },
        { "rename", &brig_verb_rename },
        { "restart", &brig_verb_restart },
        { "rm", &brig_verb_rm },
        { "run", &brig_verb_run },
        { "start", &brig_verb_start },
        { "stop", &brig_verb_stop },
        { "unpause", &brig_verb_unpause },
        { "wait", &brig_verb_wait },
        { NULL },
};

const Command brig_cli_commands[] = {
        { "run", &brig_verb_run, .flags = COMMAND_COMMON },
        { "exec", &brig_verb_exec, .flags = COMMAND_COMMON },

        { "container", .group = container_commands, .summary = "Manage containers" },

        { "attach", &brig_verb_attach },
        { "create", &brig_verb_create },
        { "kill", &brig_verb_kill },
        { "logs", &brig_verb_logs },
        { "pause", &brig_verb_pause },
        { "rename", &brig_verb_rename },
        { "restart", &brig_verb_restart },
        { "rm", &brig_verb_rm },
        { "start", &brig_verb_start },
        { "stop", &brig_verb_stop },
        { "unpause", &brig_verb_unpause },
        { "wait", &brig_verb_wait },
        { NULL },
};
