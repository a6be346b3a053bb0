-- Keeps the schedule from starting runs.
obj.spec.suspend = true
return obj
