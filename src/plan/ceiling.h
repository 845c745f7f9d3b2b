#pragma once
/*
 * The ceiling: a root-owned file that says what no request may exceed, whatever
 * brig-api says. brigd reads it and judges the plan; the monitor judges bind
 * sources by what they *are* (device and inode of every ancestor, submounts of a
 * recursive bind), not by their spelling.
 *
 * File (default /etc/brig/ceiling.conf): one rule a line, '#' comments, words by blanks:
 *   deny  namespace user|pid|ipc|net|uts|cgroup      (the host's own)
 *   deny  device block | deny device char MAJOR:MINOR|all
 *   deny  capability SYS_MODULE
 *   deny  bind PATH            that folder or file itself
 *   deny  tree PATH            it and all beneath
 *   allow bind PATH [ro]       exception, most specific path wins; with ro a writable bind is refused
 * A missing file means the built-in text (brig_ceiling_default()), never "all is allowed".
 */
#include "plan/plan.h"

typedef enum CeilingRuleType { CEILING_NAMESPACE, CEILING_DEVICE, CEILING_CAPABILITY, CEILING_BIND } CeilingRuleType;
typedef struct CeilingRule {
        CeilingRuleType type;
        bool allow;              /* BIND only */
        bool tree;               /* BIND: the path and all beneath */
        bool readonly;           /* allow … ro */
        unsigned line;
        uint64_t mask;           /* NAMESPACE: CLONE_NEW*; CAPABILITY: bits; DEVICE: 1 block, 2 char */
        char *path;              /* BIND */
} CeilingRule;
typedef struct Ceiling { char *file; CeilingRule *rules; size_t n_rules; } Ceiling;

/* The text that ships as /etc/brig/ceiling.conf. */
const char *brig_ceiling_default(void);
/* Parses text; `file` is used in messages. Refuses unknown words with file:line. */
int brig_ceiling_parse(const char *text, size_t len, const char *file, Ceiling **ret, BrigError *err) _must_use_;
/* Reads path (root-owned, not writable by others, regular; else refused); a missing file gives the default. `extra_tree` (the data root) is denied as a tree; may be NULL. */
int brig_ceiling_load(const char *path, const char *extra_tree, Ceiling **ret, BrigError *err) _must_use_;
/* The whole rule set as text, for handing it to a monitor in a sealed memfd: parse reads it back with the same line numbers. */
char *brig_ceiling_text(const Ceiling *c);
Ceiling *brig_ceiling_free(Ceiling *c);
BRIG_DEFINE_CLEANUP(Ceiling *, brig_ceiling_free)
/*
 * Judges all that needs no file system: namespaces, devices, capabilities. BRIG_ERR_DENIED
 * names the rule: "... (rule \"deny namespace pid\", /etc/brig/ceiling.conf:12; an administrator may remove that line)".
 */
int brig_ceiling_check_plan(const Ceiling *c, const LaunchPlan *p, BrigError *err) _must_use_;
