/* pgretain with another `run`: what the scheduler starts is the shell command in $FAKE_RUN, with the
 * job's name as $1 and all words of the command line in $ARGS. Everything else is the real program.
 * For tests of what the scheduler does with runs that take long, fail, crash or leave no trace. */
#include "cmd/cmd.h"

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

int main(int argc, char **argv)
{
	for (int i = 1; i + 2 < argc; i++)
		if (streq(argv[i], "run") && streq(argv[i + 1], "--job"))
			return fake_run(argc, argv, argv[i + 2]);
	return cmd_main(argc, argv);
}
