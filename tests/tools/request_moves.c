/* request_moves: the rows of model/state.def, as pgretain.request_transition has them; with a word: the events that are
 * possible only until the execution begins. */
#include "model/request.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	struct request_move m;

	(void)argv;
	for (unsigned e = 0; argc > 1 && e < REQUEST_EVENTS; e++)
		if (request_unbegun((enum request_event)e))
			puts(request_event_word((enum request_event)e));
	for (size_t i = 0; argc == 1 && request_move_nth(i, &m); i++)
		for (unsigned k = 0; k < REQUEST_KINDS; k++)
			if (m.kinds & 1u << k)
				printf("%s|%s|%s|%s\n", request_kind_word((enum request_kind)k), request_state_word(m.from),
				       request_event_word(m.event), request_state_word(m.to));
	return 0;
}
