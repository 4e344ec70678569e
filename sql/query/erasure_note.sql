-- Notes where in the WAL the runs that have erased rows were over, as far as that is not noted yet; how many.
SELECT pgretain.erasure_note()
