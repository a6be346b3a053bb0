-- What a person may do to a MesosCronTask from Argo CD.
local suspended = obj.spec.suspend == true
return {
  run = {disabled = obj.metadata.deletionTimestamp ~= nil},
  suspend = {disabled = suspended},
  resume = {disabled = not suspended},
}
