-- Kills the task and keeps the object.
obj.spec.suspend = true
return obj
