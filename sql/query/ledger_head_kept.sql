-- From now on the head is kept outside too.
SELECT pgretain.head_kept()
