#pragma once
/*
 * Logging of the programs (rooms return errors, they do not log). One line on
 * stderr per call: time, level, program, text; control characters of the text
 * are escaped, so a container's name can't forge a line.
 */
#include "base/macros.h"

typedef enum BrigLogLevel { BRIG_LOG_ERROR, BRIG_LOG_WARN, BRIG_LOG_INFO, BRIG_LOG_DEBUG } BrigLogLevel;
/*
 * The settings are a global, and globals stand in main.c alone: each program that logs writes
 * BRIG_LOG_STATE; there, at file level. A program without it logs up to "info".
 */
typedef struct BrigLogState { const char *program; BrigLogLevel max; } BrigLogState;
extern BrigLogState brig_log_state __attribute__((weak));
#define BRIG_LOG_STATE BrigLogState brig_log_state = { "brig", BRIG_LOG_INFO }

/* Once, from the main.c that has BRIG_LOG_STATE (asserted). `program` must stay valid. */
void brig_log_setup(const char *program, BrigLogLevel max);
int brig_log_level_parse(const char *s, BrigLogLevel *ret) _must_use_;   /* debug, info, warn, error, fatal */
void brig_log(BrigLogLevel level, const char *fmt, ...) _printf_(2, 3);
#define log_error(...) brig_log(BRIG_LOG_ERROR, __VA_ARGS__)
#define log_warn(...) brig_log(BRIG_LOG_WARN, __VA_ARGS__)
#define log_info(...) brig_log(BRIG_LOG_INFO, __VA_ARGS__)
#define log_debug(...) brig_log(BRIG_LOG_DEBUG, __VA_ARGS__)
