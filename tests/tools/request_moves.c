/* request_moves: the rows of model/state.def, as pgretain.request_transition has them. */
#include "model/request.h"

#include <stdio.h>

int main(void)
{
	struct request_move m;

	for (size_t i = 0; request_move_nth(i, &m); i++)
		for (unsigned k = 0; k < REQUEST_KINDS; k++)
			if (m.kinds & 1u << k)
				printf("%s|%s|%s|%s\n", request_kind_word((enum request_kind)k), request_state_word(m.from),
				       request_event_word(m.event), request_state_word(m.to));
	return 0;
}
