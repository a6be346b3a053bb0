-- What a person may do to a MesosTask from Argo CD.
local suspended = obj.spec.suspend == true
return {
  suspend = {disabled = suspended},
  resume = {disabled = not suspended},
  restart = {disabled = suspended},
}
