#include "base/nearest.h"

#include <ctype.h>

#define LONGEST 64

static int lesser(int a, int b) { return a < b ? a : b; }

/* 0 = same, 1 = same letter in another case, 2 = another letter. */
static int letter_cost(char a, char b)
{
	if (a == b)
		return 0;
	return tolower((unsigned char)a) == tolower((unsigned char)b) ? 1 : 2;
}

int nearest_distance(const char *a, const char *b)
{
	size_t la = strnlen(a, LONGEST), lb = strnlen(b, LONGEST);
	int row[3][LONGEST + 1];
	int *before = row[0], *last = row[1], *now = row[2];

	for (size_t j = 0; j <= lb; j++)
		last[j] = 2 * (int)j;
	for (size_t i = 1; i <= la; i++) {
		int *spare = before;

		now[0] = 2 * (int)i;
		for (size_t j = 1; j <= lb; j++) {
			now[j] = last[j - 1] + letter_cost(a[i - 1], b[j - 1]);
			now[j] = lesser(now[j], lesser(last[j], now[j - 1]) + 2);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = lesser(now[j], before[j - 2] + 2);
		}
		before = last;
		last = now;
		now = spare;
	}
	return last[lb];
}

struct nearest nearest_init(const char *word)
{
	return (struct nearest){ .word = word };
}

/* Near: at most a third of the word is wrong; one wrong letter always is. A beginning of the
 * candidate counts as near too ("quar" for "quarantine"). */
void nearest_offer(struct nearest *n, const char *candidate)
{
	size_t len = strlen(n->word);
	int distance = nearest_distance(n->word, candidate);

	if (len >= 3 && strncmp(n->word, candidate, len) == 0)
		distance = lesser(distance, 2);
	if (distance > 2 && distance > 2 * (int)(len / 3))
		return;
	if (distance >= 2 * (int)strlen(candidate) || (n->best && distance >= n->distance))
		return;
	n->best = candidate;
	n->distance = distance;
}
