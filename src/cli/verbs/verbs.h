#pragma once
/* Every verb. The tree of names that lead to them is commands.c. */
#include "cli/cli.h"

extern const Verb brig_verb_run, brig_verb_create, brig_verb_start, brig_verb_attach, brig_verb_exec;
extern const Verb brig_verb_stop, brig_verb_restart, brig_verb_kill, brig_verb_pause, brig_verb_unpause, brig_verb_rm;
extern const Verb brig_verb_wait, brig_verb_rename;
extern const Verb brig_verb_ps, brig_verb_logs, brig_verb_top, brig_verb_port;
extern const Verb brig_verb_inspect, brig_verb_container_inspect, brig_verb_image_inspect, brig_verb_network_inspect, brig_verb_volume_inspect;
extern const Verb brig_verb_images, brig_verb_history, brig_verb_tag, brig_verb_rmi;
extern const Verb brig_verb_load, brig_verb_save, brig_verb_import, brig_verb_export;
extern const Verb brig_verb_diff, brig_verb_commit, brig_verb_update;
extern const Verb brig_verb_pull, brig_verb_push, brig_verb_login, brig_verb_logout, brig_verb_search, brig_verb_build;
extern const Verb brig_verb_container_prune, brig_verb_image_prune, brig_verb_network_prune, brig_verb_volume_prune, brig_verb_system_prune;
extern const Verb brig_verb_volume_ls, brig_verb_volume_create, brig_verb_volume_rm;
extern const Verb brig_verb_network_ls, brig_verb_network_create, brig_verb_network_rm, brig_verb_network_connect, brig_verb_network_disconnect;
extern const Verb brig_verb_disk_usage;
extern const Verb brig_verb_version, brig_verb_info, brig_verb_events;
