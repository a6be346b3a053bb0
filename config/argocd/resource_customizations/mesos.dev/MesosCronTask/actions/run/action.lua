-- Starts one run now: the operator acts on each new value of the annotation.
local os = require("os")
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["mesos.dev/run-requested-at"] = os.date("!%Y-%m-%dT%H:%M:%SZ")
return obj
