#include "model/outcome.h"

const char *outcome_status_word(enum outcome_status s)
{
	switch (s) {
	case OUTCOME_OPEN: return "open";
	case OUTCOME_DONE: return "done";
	case OUTCOME_SKIPPED: return "skipped";
	case OUTCOME_FAILED: return "failed";
	}
	return NULL;
}
