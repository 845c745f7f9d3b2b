#pragma once
/* The tree that template-parse.c builds and template-eval.c walks. All nodes live in the template's arena. */
#include "cli/template/template.h"

#define TEMPLATE_DEPTH_MAX 64
#define TEMPLATE_OUTPUT_MAX (64u << 20)

typedef struct TemplatePipe TemplatePipe;
typedef struct TemplateNode TemplateNode;

typedef enum OperandKind {
        OPERAND_DOT, OPERAND_VARIABLE, OPERAND_FUNCTION, OPERAND_LITERAL, OPERAND_PIPE,
} OperandKind;

/* One word of a command, with the ".A.B" that hangs on it. */
typedef struct TemplateOperand TemplateOperand;
struct TemplateOperand {
        OperandKind kind;
        const char *name;          /* variable (with '$') or function */
        json_t *literal;           /* owned by the template */
        TemplatePipe *pipe;
        char **fields;             /* strv in the arena, NULL when there is no chain */
        size_t n_fields;
        const char *source;        /* for error texts: where it stands in the template */
        size_t source_len;
        size_t at;                 /* offset of its last part */
        TemplateOperand *next;
};

typedef struct TemplateCommand TemplateCommand;
struct TemplateCommand {
        TemplateOperand *operands;
        size_t count;
        TemplateCommand *next;
};

struct TemplatePipe {
        const char *variables[2];  /* "$k", "$v" */
        size_t n_variables;
        bool assign;               /* "=", not ":=" */
        TemplateCommand *commands;
};

typedef enum NodeKind {
        NODE_TEXT, NODE_ACTION, NODE_IF, NODE_WITH, NODE_RANGE, NODE_BREAK, NODE_CONTINUE,
} NodeKind;

struct TemplateNode {
        NodeKind kind;
        const char *text;
        size_t len;
        TemplatePipe *pipe;
        TemplateNode *body, *otherwise;
        TemplateNode *next;
};

typedef struct TemplateBlock TemplateBlock;
struct TemplateBlock {
        TemplateBlock *next;
        json_t *literal;           /* dropped with the block */
        max_align_t data[];
};

struct Template {
        char *text;
        TemplateNode *nodes;
        TemplateBlock *arena;
};

/* A function of the language. args[count]: borrowed. *ret: a new reference. `why` gets the cause of a failure. */
typedef struct TemplateCall {
        json_t *const *args;
        size_t count;
        const TemplateScope *scope;
        json_t *ret;
        char why[160];
} TemplateCall;
typedef struct TemplateFunction {
        const char *name;
        size_t min, max;
        int (*call)(TemplateCall *c);
        bool identity_in_headers;
} TemplateFunction;
const TemplateFunction *brig_template_function(const char *name);

/* Go's idea of what is true. */
bool brig_template_truth(const json_t *v);
/* Go's %v of a value. */
void brig_template_print(const json_t *v, BrigBuffer *out);
/* The keys of an object in Go's (sorted) order: free(3) the vector, the strings belong to the object. NULL: no memory. */
const char **brig_template_sorted_keys(const json_t *object);
