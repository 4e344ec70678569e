/* pgretain with another `run`: what the scheduler starts is the shell command in $FAKE_RUN, with the
 * job's name as $1 and all words of the command line in $ARGS. Everything else is the real program.
 * For tests of what the scheduler does with runs that take long, fail, crash or leave no trace.
 * `sched_fake_run ledger CONNINFO` makes the ledger and nothing else. */
#include "cmd/cmd.h"
#include "ledger/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int fake_run(int argc, char **argv, const char *job)
{
	char all[2000] = "";
	const char *script = getenv("FAKE_RUN");

	for (int i = 1; i < argc; i++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i > 1 ? " " : "", argv[i]);
	setenv("ARGS", all, 1);
	execl("/bin/sh", "sh", "-c", script ? script : "exit 99", "fake", job, (char *)NULL);
	return 99;
}

static int make_ledger(const char *conninfo)
{
	const struct conn_settings settings = { .application = "sched_fake_run" };
	const struct ledger_init how = { .adopt = false, .actor = "test" };
	struct diag d = DIAG_INIT;
	AUTO_CONN *c = NULL;
	int applied;

	if (conn_open(conninfo, &settings, &c, &d) && ledger_init(c, &how, &applied, &d))
		return 0;
	fprintf(stderr, "%s\n", d.message);
	return 1;
}

int main(int argc, char **argv)
{
	for (int i = 1; i + 2 < argc; i++)
		if (streq(argv[i], "run") && streq(argv[i + 1], "--job"))
			return fake_run(argc, argv, argv[i + 2]);
	if (argc == 3 && streq(argv[1], "ledger"))
		return make_ledger(argv[2]);
	return cmd_main(argc, argv);
}
