/*
 * Walks the tree. A Value is a JSON value with its history: the name of the
 * field it came from decides whether a missing key below it is an error (a
 * struct of docker's), "<nil>" (an optional field) or "<no value>" (a map).
 */
#include "base/strings.h"
#include "cli/template/template-internal.h"

#define VARIABLES_MAX 32
#define OUTPUT_ARGS_MAX 16

typedef struct Value {
        json_t *json;          /* owned; NULL: "<no value>" */
        const char *origin;    /* field name, "" when not known */
        bool row;              /* the scope's computed row */
} Value;

typedef struct Variable {
        const char *name;
        Value value;
} Variable;

typedef struct Exec {
        const TemplateScope *scope;
        BrigBuffer *out;
        BrigError *err;
        Variable variables[VARIABLES_MAX];
        size_t n_variables;
} Exec;

enum { FLOW_ON = 0, FLOW_BREAK = 1, FLOW_CONTINUE = 2 };

static int eval_pipe(Exec *x, const TemplatePipe *pipe, const Value *dot, Value *ret);
static int run_list(Exec *x, const TemplateNode *n, const Value *dot);

/* Fields that are maps in the Engine API: what is not in them is no mistake. */
static const char *const map_fields[] = {
        "Labels", "Ports", "Networks", "Sysctls", "Annotations", "Options", "Attributes", "StorageOpt", "Tmpfs",
        "ExposedPorts", "Volumes", "PortBindings", "DriverOpts", "Runtimes", "Details", "IndexConfigs", "Data", "Config.Config",
};

/* Fields that the Engine API leaves out when they are empty. */
static const char *const optional_fields[] = {
        "Health", "Healthcheck", "ExposedPorts", "ArgsEscaped", "NetworkDisabled", "MacAddress", "StopSignal", "StopTimeout",
        "Shell", "Mounts", "Tmpfs", "Sysctls", "StorageOpt", "Init", "Annotations", "SizeRw", "SizeRootFs", "Volumes",
        "OnBuild", "ImageManifestDescriptor", "Variant", "Container", "ContainerConfig", "DockerVersion", "Created",
        "Author", "Parent", "Comment", "OsVersion", "VirtualSize", "Labels", "Entrypoint", "User", "WorkingDir", "Runtime",
        "Propagation", "Warnings", "Server", "from", "status", "id", "scope",
};

static bool listed(const char *const *list, size_t n, const char *name)
{
        for (size_t i = 0; i < n; i++)
                if (streq(list[i], name))
                        return true;
        return false;
}

static void value_done(Value *v)
{
        json_decref(v->json);
        v->json = NULL;
}
#define _cleanup_value_ _cleanup_(value_done)

static Value value_ref(const Value *v)
{
        Value copy = *v;

        json_incref(copy.json);
        return copy;
}

static int fail_at(Exec *x, const TemplateOperand *o, const char *fmt, ...) _printf_(3, 4);
static int fail_at(Exec *x, const TemplateOperand *o, const char *fmt, ...)
{
        char why[256];
        va_list ap;

        va_start(ap, fmt);
        (void)vsnprintf(why, sizeof(why), fmt, ap);
        va_end(ap);
        return brig_error_set(x->err, BRIG_ERR_INVALID, EINVAL, "template: :1:%zu: executing \"\" at <%.*s>: %s",
                              o->at, (int)o->source_len, o->source, why);
}

static int step_row(Exec *x, const TemplateOperand *o, const char *name, json_t *const *args, Value *ret)
{
        json_t *json = NULL;
        int r = x->scope->field(x->scope, name, args, &json);

        if (r == -ENOENT)
                return fail_at(x, o, "can't evaluate field %s", name);
        if (r < 0)
                return fail_at(x, o, "error calling %s", name);
        *ret = (Value) { .json = json, .origin = name };
        return 0;
}

/* One ".Name" below v. */
static int step(Exec *x, const TemplateOperand *o, const Value *v, const char *name, Value *ret)
{
        json_t *json;

        if (v->row)
                return step_row(x, o, name, NULL, ret);
        if (!v->json || json_is_null(v->json))
                return fail_at(x, o, "nil data; no entry for key \"%s\"", name);
        if (!json_is_object(v->json))
                return fail_at(x, o, "can't evaluate field %s in a plain value", name);
        json = json_object_get(v->json, name);
        *ret = (Value) { .json = json_incref(json), .origin = name };
        if (json || listed(map_fields, ARRAY_SIZE(map_fields), v->origin))
                return 0;
        if (!listed(optional_fields, ARRAY_SIZE(optional_fields), name))
                return fail_at(x, o, "map has no entry for key \"%s\"", name);
        ret->json = json_null();
        return 0;
}

static int follow(Exec *x, const TemplateOperand *o, Value *v)
{
        for (size_t i = 0; i < o->n_fields; i++) {
                _cleanup_value_ Value below = { 0 };
                int r = step(x, o, v, o->fields[i], &below);

                if (r < 0)
                        return r;
                value_done(v);
                *v = below;
                below.json = NULL;
        }
        return 0;
}

/* A row's value is only made into JSON when someone wants it whole. */
static int materialise(Exec *x, const TemplateOperand *o, Value *v)
{
        if (!v->row || v->json)
                return 0;
        v->row = false;
        return step_row(x, o, NULL, NULL, v);
}

static int find_variable(Exec *x, const TemplateOperand *o, Value *ret)
{
        for (size_t i = x->n_variables; i > 0; i--)
                if (streq(x->variables[i - 1].name, o->name)) {
                        *ret = value_ref(&x->variables[i - 1].value);
                        return 0;
                }
        return fail_at(x, o, "undefined variable \"%s\"", o->name);
}

static int call_function(Exec *x, const TemplateOperand *o, json_t *const *args, size_t n, Value *ret)
{
        const TemplateFunction *f = brig_template_function(o->name);
        TemplateCall call = { .args = args, .count = n, .scope = x->scope };
        int r;

        if (n < f->min || n > f->max)
                return fail_at(x, o, "wrong number of args for %s: want %s%zu got %zu", f->name,
                               f->min == f->max ? "" : "at least ", f->min, n);
        if (x->scope->headers && f->identity_in_headers) {
                *ret = (Value) { .json = json_incref(args[0]), .origin = "" };
                return 0;
        }
        r = f->call(&call);
        if (r < 0)
                return fail_at(x, o, "error calling %s: %s", f->name, call.why[0] ? call.why : strerror(-r));
        *ret = (Value) { .json = call.ret, .origin = "" };
        return 0;
}

static int eval_operand(Exec *x, const TemplateOperand *o, const Value *dot, Value *ret)
{
        int r = 0;

        switch (o->kind) {
        case OPERAND_DOT:
                *ret = value_ref(dot);
                break;
        case OPERAND_VARIABLE:
                r = find_variable(x, o, ret);
                break;
        case OPERAND_LITERAL:
                *ret = (Value) { .json = json_incref(o->literal), .origin = "" };
                break;
        case OPERAND_PIPE:
                r = eval_pipe(x, o->pipe, dot, ret);
                break;
        case OPERAND_FUNCTION:
                return call_function(x, o, NULL, 0, ret);
        }
        return r < 0 ? r : follow(x, o, ret);
}

/* Is this ".Name" on the row itself, which may take arguments ({{.Label "x"}})? */
static bool is_row_method(const TemplateOperand *o, const Value *dot)
{
        return o->kind == OPERAND_DOT && o->n_fields == 1 && dot->row;
}

/* Evaluates the operands behind the first, and the value piped in; references are the caller's. */
static int eval_args(Exec *x, const TemplateCommand *c, const Value *dot, const Value *piped, json_t *args[OUTPUT_ARGS_MAX + 1])
{
        size_t n = 0;

        for (const TemplateOperand *o = c->operands->next; o; o = o->next) {
                _cleanup_value_ Value v = { 0 };
                int r;

                if (n == OUTPUT_ARGS_MAX - 1)
                        return fail_at(x, o, "too many arguments");
                r = eval_operand(x, o, dot, &v);
                if (r >= 0)
                        r = materialise(x, o, &v);
                if (r < 0)
                        return r;
                args[n++] = v.json ? TAKE_PTR(v.json) : json_null();
        }
        if (piped)
                args[n++] = piped->json ? json_incref(piped->json) : json_null();
        return (int)n;
}

static int eval_command(Exec *x, const TemplateCommand *c, const Value *dot, const Value *piped, Value *ret)
{
        json_t *args[OUTPUT_ARGS_MAX + 1] = { NULL };
        const TemplateOperand *first = c->operands;
        bool method = is_row_method(first, dot);
        int n, r;

        if (c->count == 1 && !piped && first->kind != OPERAND_FUNCTION)
                return eval_operand(x, first, dot, ret);
        if (first->kind != OPERAND_FUNCTION && !method)
                return fail_at(x, first, "can't give argument to non-function");
        n = eval_args(x, c, dot, piped, args);
        if (n < 0)
                r = n;
        else if (method)
                r = step_row(x, first, first->fields[0], args, ret);
        else
                r = call_function(x, first, args, (size_t)n, ret);
        for (size_t i = 0; i < ARRAY_SIZE(args); i++)
                json_decref(args[i]);
        return r;
}

static int set_variable(Exec *x, const char *name, bool assign, const Value *v)
{
        if (assign)
                for (size_t i = x->n_variables; i > 0; i--)
                        if (streq(x->variables[i - 1].name, name)) {
                                value_done(&x->variables[i - 1].value);
                                x->variables[i - 1].value = value_ref(v);
                                return 0;
                        }
        if (x->n_variables == VARIABLES_MAX)
                return brig_error_set(x->err, BRIG_ERR_INVALID, E2BIG, "template: more than %d variables", VARIABLES_MAX);
        x->variables[x->n_variables++] = (Variable) { .name = name, .value = value_ref(v) };
        return 0;
}

static void drop_variables(Exec *x, size_t down_to)
{
        while (x->n_variables > down_to)
                value_done(&x->variables[--x->n_variables].value);
}

/* The value of the pipeline; the caller declares its variables. */
static int eval_pipe(Exec *x, const TemplatePipe *pipe, const Value *dot, Value *ret)
{
        _cleanup_value_ Value v = { 0 };

        for (const TemplateCommand *c = pipe->commands; c; c = c->next) {
                _cleanup_value_ Value out = { 0 };
                int r = eval_command(x, c, dot, c == pipe->commands ? NULL : &v, &out);

                if (r >= 0 && c->next)
                        r = materialise(x, c->operands, &out);
                if (r < 0)
                        return r;
                value_done(&v);
                v = out;
                out.json = NULL;
        }
        *ret = v;
        v.json = NULL;
        return 0;
}

static int run_action(Exec *x, const TemplateNode *n, const Value *dot)
{
        _cleanup_value_ Value v = { 0 };
        int r = eval_pipe(x, n->pipe, dot, &v);

        if (r >= 0)
                r = materialise(x, n->pipe->commands->operands, &v);
        if (r < 0)
                return r;
        if (n->pipe->n_variables > 0)
                return set_variable(x, n->pipe->variables[0], n->pipe->assign, &v);
        if (v.json)
                brig_template_print(v.json, x->out);
        else
                (void)brig_buffer_puts(x->out, "<no value>");
        return 0;
}

static int run_if(Exec *x, const TemplateNode *n, const Value *dot)
{
        _cleanup_value_ Value v = { 0 };
        size_t mark = x->n_variables;
        bool truth;
        int r = eval_pipe(x, n->pipe, dot, &v);

        if (r >= 0 && n->pipe->n_variables > 0)
                r = set_variable(x, n->pipe->variables[0], n->pipe->assign, &v);
        if (r < 0)
                return r;
        truth = v.row || brig_template_truth(v.json);
        r = run_list(x, truth ? n->body : n->otherwise, truth && n->kind == NODE_WITH ? &v : dot);
        drop_variables(x, mark);
        return r;
}

static int run_element(Exec *x, const TemplateNode *n, const Value *key, const Value *element)
{
        const TemplatePipe *pipe = n->pipe;
        size_t mark = x->n_variables;
        int r = 0;

        if (pipe->n_variables == 2)
                r = set_variable(x, pipe->variables[0], pipe->assign, key);
        if (r >= 0 && pipe->n_variables > 0)
                r = set_variable(x, pipe->variables[pipe->n_variables - 1], pipe->assign, element);
        if (r >= 0)
                r = run_list(x, n->body, element);
        drop_variables(x, mark);
        return r == FLOW_CONTINUE ? FLOW_ON : r;
}

static int run_array(Exec *x, const TemplateNode *n, const Value *v)
{
        int r = FLOW_ON;

        for (size_t i = 0; i < json_array_size(v->json) && r == FLOW_ON; i++) {
                _cleanup_value_ Value key = { .json = json_integer((json_int_t)i), .origin = "" };
                Value element = { .json = json_array_get(v->json, i), .origin = "" };

                r = run_element(x, n, &key, &element);
        }
        return r;
}

static int run_object(Exec *x, const TemplateNode *n, const Value *v)
{
        _cleanup_free_ const char **keys = brig_template_sorted_keys(v->json);
        int r = FLOW_ON;

        if (!keys)
                return brig_error_errno(x->err, BRIG_ERR_INTERNAL, ENOMEM, "executing the template");
        for (size_t i = 0; keys[i] && r == FLOW_ON; i++) {
                _cleanup_value_ Value key = { .json = json_string_nocheck(keys[i]), .origin = "" };
                Value element = { .json = json_object_get(v->json, keys[i]), .origin = "" };

                r = run_element(x, n, &key, &element);
        }
        return r;
}

static int run_range(Exec *x, const TemplateNode *n, const Value *dot)
{
        _cleanup_value_ Value v = { 0 };
        int r = eval_pipe(x, n->pipe, dot, &v);

        if (r < 0)
                return r;
        if (!brig_template_truth(v.json))
                return run_list(x, n->otherwise, dot);
        if (json_is_array(v.json))
                r = run_array(x, n, &v);
        else if (json_is_object(v.json))
                r = run_object(x, n, &v);
        else
                return fail_at(x, n->pipe->commands->operands, "range can't iterate over a plain value");
        return r == FLOW_BREAK ? FLOW_ON : r;
}

static int run_text(Exec *x, const TemplateNode *n, const Value *dot)
{
        (void)brig_buffer_append(x->out, n->text, n->len);
        return FLOW_ON;
}

static int run_break(Exec *x, const TemplateNode *n, const Value *dot)
{
        return FLOW_BREAK;
}

static int run_continue(Exec *x, const TemplateNode *n, const Value *dot)
{
        return FLOW_CONTINUE;
}

static int (*const runners[])(Exec *x, const TemplateNode *n, const Value *dot) = {
        [NODE_TEXT] = run_text, [NODE_ACTION] = run_action, [NODE_IF] = run_if, [NODE_WITH] = run_if,
        [NODE_RANGE] = run_range, [NODE_BREAK] = run_break, [NODE_CONTINUE] = run_continue,
};

static int run_list(Exec *x, const TemplateNode *n, const Value *dot)
{
        int r = FLOW_ON;

        for (; n && r == FLOW_ON; n = n->next)
                r = runners[n->kind](x, n, dot);
        return r;
}

int brig_template_execute(const Template *t, const TemplateScope *scope, BrigBuffer *out, BrigError *err)
{
        Exec x = { .scope = scope, .out = out, .err = err };
        Value dot = { .json = scope->field ? NULL : scope->value, .origin = "", .row = scope->field != NULL };
        int r = set_variable(&x, "$", false, &dot);

        if (r >= 0)
                r = run_list(&x, t->nodes, &dot);
        drop_variables(&x, 0);
        if (r >= 0 && out->error)
                return brig_error_errno(err, BRIG_ERR_INTERNAL, out->error, "executing the template");
        return r < 0 ? r : 0;
}
