-- Overwrites columns of one unit's rows that are ready and not in their final form.
UPDATE :relation AS t SET :assignments WHERE :unit AND :ready :returning
