#include "dump/relay.h"

#include "dump/io.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#define SLOTS 4
#define SLOT ((size_t)DUMP_BUFFER / 2)

struct relay {
	relay_fn *fn;
	void *ctx;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct {
		uint8_t *bytes;
		size_t n;
	} slots[SLOTS];
	unsigned given, done;		/* slots, counted from the first; given % SLOTS is being filled */
	size_t have;			/* bytes in it */
	bool stop, failed;
	struct diag diag;
};

static void *work(void *arg)
{
	struct relay *r = arg;

	pthread_mutex_lock(&r->lock);
	for (;;) {
		unsigned i = r->done % SLOTS;
		bool ok = false;

		while (r->done == r->given && !r->stop)
			pthread_cond_wait(&r->changed, &r->lock);
		if (r->stop)
			break;
		if (!r->failed) {
			pthread_mutex_unlock(&r->lock);
			ok = r->fn(r->ctx, r->slots[i].bytes, r->slots[i].n, &r->diag);
			pthread_mutex_lock(&r->lock);
		}
		r->failed = !ok;
		r->done++;
		pthread_cond_broadcast(&r->changed);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

static bool start(struct relay *r)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&r->thread, NULL, work, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc == 0;
}

static void release(struct relay *r)
{
	for (size_t i = 0; i < SLOTS; i++)
		free(r->slots[i].bytes);
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

struct relay *relay_new(relay_fn *fn, void *ctx)
{
	struct relay *r = xcalloc(1, sizeof(*r));

	r->fn = fn;
	r->ctx = ctx;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
	for (size_t i = 0; i < SLOTS; i++)
		r->slots[i].bytes = xmalloc(SLOT);
	if (start(r))
		return r;
	release(r);
	return NULL;
}

void relay_free(struct relay *r)
{
	pthread_mutex_lock(&r->lock);
	r->stop = true;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
	release(r);
}

/* Hands over what is in the slot at hand, if anything; waits until at most `most` are on their way. */
static bool give(struct relay *r, unsigned most, struct diag *d)
{
	bool ok;

	pthread_mutex_lock(&r->lock);
	if (r->have) {
		r->slots[r->given % SLOTS].n = r->have;
		r->given++;
		r->have = 0;
		pthread_cond_broadcast(&r->changed);
	}
	while (r->given - r->done > most)
		pthread_cond_wait(&r->changed, &r->lock);
	ok = !r->failed;
	if (!ok)
		*d = r->diag;
	pthread_mutex_unlock(&r->lock);
	return ok;
}

bool relay_put(struct relay *r, const void *bytes, size_t n, struct diag *d)
{
	const uint8_t *p = bytes;

	while (n) {
		size_t part = n < SLOT - r->have ? n : SLOT - r->have;

		memcpy(r->slots[r->given % SLOTS].bytes + r->have, p, part);
		r->have += part;
		p += part;
		n -= part;
		if (r->have == SLOT && !give(r, SLOTS - 1, d))
			return false;
	}
	return true;
}

bool relay_wait(struct relay *r, struct diag *d)
{
	return give(r, 0, d);
}
