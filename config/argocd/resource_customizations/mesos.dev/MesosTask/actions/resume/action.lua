-- Launches a suspended task again.
obj.spec.suspend = nil
return obj
