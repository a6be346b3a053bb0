-- Keeps tasks of an older revision from being replaced.
obj.spec.paused = true
return obj
