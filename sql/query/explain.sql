-- One row of a rule under the predicates that plan and run use; a second one shows that the key names
-- several. :more = one column a hold, one a foreign key that may block.
SELECT (:inside) IS TRUE AS inside, (:due) IS TRUE AS due, (:open) IS TRUE AS open, (:held) IS TRUE AS held,
	(:waits) IS TRUE AS waits, (:spared) IS TRUE AS spared, (:stays) IS TRUE AS stays, (:taken) IS TRUE AS taken,
	(:anomalous) IS TRUE AS anomalous, (:indeterminate) IS TRUE AS indeterminate, (:future) IS TRUE AS future,
	(:parent) IS TRUE AS parent, (:concerned) IS TRUE AS concerned :more
FROM :from WHERE :key LIMIT 2
