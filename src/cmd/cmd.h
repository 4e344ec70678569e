/* The frame that all commands hang in: what was asked (struct ctx), what a command is (struct
 * command), and the few ways by which a command speaks. A command is one file cmd_NAME.c that defines
 * `const struct command cmd_NAME`, and one row in commands.def. */
#ifndef PGRETAIN_CMD_CMD_H
#define PGRETAIN_CMD_CMD_H

#include "base/diag.h"
#include "base/opt.h"
#include "base/strbuf.h"
#include "model/policy.h"
#include "report/text.h"

#include <jansson.h>

#define PGRETAIN_VERSION "0.1.0"

enum exit_code {
	EXIT_DONE = 0,			/* nothing left that needs a human */
	EXIT_REFUSED = 1,		/* could not run: usage, configuration, connection, guard */
	EXIT_HUMAN = 2,			/* ran, and something needs a human */
	EXIT_FINGERPRINT = 3,
	EXIT_INTERRUPTED = 4,		/* resumable */
	EXIT_INTERNAL = 70,
};

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_HTML };

struct ctx {
	struct arena *arena;		/* lives as long as the process */
	const struct command *command;
	const struct verb *verb;	/* the command's second word; NULL: it has none */
	struct opts opts;		/* use opts_flag(&ctx->opts, "dry-run"), opts_text(…) */
	const char *config_path;	/* --config, $PGRETAIN_CONFIG, /etc/pgretain/pgretain.cfg */
	const char *database_name;	/* --database, or NULL */
	const char *as_of;		/* --as-of as written, or NULL: the server's clock */
	const char *actor;		/* --actor, else the operating system's user */
	enum format format;
	bool progress;			/* unless --no-progress */
	bool progress_live;		/* progress, and stderr is a terminal */
	bool color;			/* stdout is a terminal and NO_COLOR is unset */
	bool log_json;			/* --log-format json */
	int width;			/* columns of the terminal; 0: not a terminal, no limit */
	struct policy *policy;		/* by ctx_policy() */
	const struct database *db;	/* by ctx_database() */
};

enum {
	CMD_AS_OF = 1,		/* takes --as-of; elsewhere it is an error, never ignored */
	CMD_HTML = 2,		/* takes --format html */
	CMD_STOPS = 4,		/* looks at sig_stop_requested(); others die of SIGINT at once */
};

/* argv[0 .. argc) are the words behind the command (and behind the verb, where there are verbs).
 * Returns the exit code. */
typedef int command_fn(struct ctx *ctx, int argc, char **argv);

/* A second word that selects what a command does: `ledger show`. */
struct verb {
	const char *name;		/* NULL ends the table */
	const char *usage;		/* its words and options: "RULE [COLUMN=VALUE...]"; "" for none */
	const char *summary;		/* one line */
	const struct opt *options;	/* only this verb takes them; may be NULL */
	int min_words, max_words;	/* behind the verb; max -1: any number */
	command_fn *run;
};

struct command {
	const char *name;
	const char *summary;		/* one line, no full stop */
	const char *usage;		/* behind "pgretain NAME", e.g. "[--config-only]"; "" for none */
	const char *help;		/* paragraphs, then "Example:\n  pgretain …" with what comes back */
	const struct opt *options;	/* ended by { NULL }; may be NULL */
	const struct verb *verbs;	/* NULL: the command has none, and run is set */
	int min_words, max_words;	/* without verbs; max -1: any number */
	unsigned flags;
	command_fn *run;
};

/* What main() calls. */
int cmd_main(int argc, char **argv);

/* ---- what commands use ---- */

/* The configuration, loaded at the first call. NULL: every error has been printed; return EXIT_REFUSED. */
const struct policy *ctx_policy(struct ctx *ctx) must_use;
/* --database, or the only one. NULL as above. */
const struct database *ctx_database(struct ctx *ctx) must_use;

/* The one place that prints a diag (stderr: what, where, what to do). Returns its exit code; a right that is missing
 * for the command as a whole is a refusal, whatever it was doing. */
int ctx_fail(struct ctx *ctx, const struct diag *d);
/* The same while nothing has been written: what would be 2 is 1, a refusal. */
int ctx_refuse(struct ctx *ctx, const struct diag *d);
/* One line "pgretain: PREFIX TEXT" on stderr, for lists of errors. */
void ctx_complain(struct ctx *ctx, const char *prefix, const char *text);
/* ctx_fail with class USAGE and this sentence. */
int ctx_usage(struct ctx *ctx, const char *fmt, ...) printf_like(2, 3);

/* The report on stdout. Write errors are noticed at the end: exit 1. */
void ctx_print(struct ctx *ctx, const struct strbuf *text);
/* Takes over the reference to `object`. */
void ctx_print_json(struct ctx *ctx, json_t *object);
/* To `path` (atomically replaced), or stdout when NULL. False: printed; return EXIT_REFUSED. */
bool ctx_write(struct ctx *ctx, const char *path, const struct strbuf *text) must_use;

/* How text reports are to look. */
struct text_style ctx_style(const struct ctx *ctx);
/* "pgretain --config … --database …" with the options that were given, quoted for a shell: the
 * beginning of what to type next. In the arena. */
const char *ctx_invocation(struct ctx *ctx);

/* Splits COLUMN=VALUE at the first '='. False: printed. Both are copies in the arena. */
bool ctx_split_pair(struct ctx *ctx, const char *word, const char **column, const char **value) must_use;

/* ---- all commands, in the order of commands.def ---- */

#define COMMAND(name) extern const struct command cmd_##name;
#define GROUP(title)
#include "cmd/commands.def"
#undef COMMAND
#undef GROUP

const struct command *command_find(const char *name);
/* False with the nearest command as the hint. */
bool command_known(const char *word, struct diag *d) must_use;

/* The text of `help` and of --help. */
void help_overview(struct strbuf *sb);
void help_command(struct strbuf *sb, const struct command *c);
extern const struct opt global_options[];

#endif
