-- Lets a suspended schedule start runs again.
obj.spec.suspend = nil
return obj
