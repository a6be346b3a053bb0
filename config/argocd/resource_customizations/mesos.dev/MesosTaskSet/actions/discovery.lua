-- What a person may do to a MesosTaskSet from Argo CD.
local paused = obj.spec.paused == true
return {
  restart = {disabled = obj.spec.suspend == true},
  pause = {disabled = paused},
  resume = {disabled = not paused},
  scale = {params = {{name = "replicas", default = tostring(obj.spec.replicas)}}},
}
