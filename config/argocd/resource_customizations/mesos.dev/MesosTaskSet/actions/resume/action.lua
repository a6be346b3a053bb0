-- Lets a rollout go on.
obj.spec.paused = nil
return obj
