/* Tables for the document of a seccomp profile. */
#include "plan/seccomp-internal.h"

static const JsonField condition_fields[] = {
        JSON_FIELD("caps", STRV, SeccompCondition, caps, 0),
        JSON_FIELD("arches", STRV, SeccompCondition, arches, 0),
        JSON_FIELD("minKernel", STRING, SeccompCondition, min_kernel, 0),
        JSON_END,
};
static const JsonField arg_fields[] = {
        JSON_FIELD("index", INT64, SeccompArg, index, JSON_F_REQUIRED),
        JSON_FIELD("value", UINT64, SeccompArg, value, JSON_F_REQUIRED),
        JSON_FIELD("valueTwo", UINT64, SeccompArg, value_two, 0),
        JSON_FIELD("op", STRING, SeccompArg, op, JSON_F_REQUIRED),
        JSON_END,
};
static const JsonField rule_fields[] = {
        JSON_FIELD("name", STRING, SeccompRule, name, 0),
        JSON_FIELD("names", STRV, SeccompRule, names, 0),
        JSON_FIELD("action", STRING, SeccompRule, action, JSON_F_REQUIRED),
        JSON_FIELD("errnoRet", OPT_INT64, SeccompRule, errno_ret, 0),
        JSON_SUB("args", OBJECT_ARRAY, SeccompRule, args, 0, arg_fields, SeccompArg),
        JSON_SUB("includes", OBJECT, SeccompRule, includes, 0, condition_fields, SeccompCondition),
        JSON_SUB("excludes", OBJECT, SeccompRule, excludes, 0, condition_fields, SeccompCondition),
        JSON_END,
};
static const JsonField arch_map_fields[] = {
        JSON_FIELD("architecture", STRING, SeccompArchMap, architecture, JSON_F_REQUIRED),
        JSON_FIELD("subArchitectures", STRV, SeccompArchMap, sub, 0),
        JSON_END,
};
const JsonField brig_seccomp_fields[] = {
        JSON_FIELD("defaultAction", STRING, SeccompDocument, default_action, JSON_F_REQUIRED),
        JSON_FIELD("defaultErrnoRet", OPT_INT64, SeccompDocument, default_errno_ret, 0),
        JSON_FIELD("architectures", STRV, SeccompDocument, architectures, 0),
        JSON_FIELD("flags", STRV, SeccompDocument, flags, 0),
        JSON_SUB("archMap", OBJECT_ARRAY, SeccompDocument, arch_map, 0, arch_map_fields, SeccompArchMap),
        JSON_SUB("syscalls", OBJECT_ARRAY, SeccompDocument, syscalls, 0, rule_fields, SeccompRule),
        JSON_END,
};
