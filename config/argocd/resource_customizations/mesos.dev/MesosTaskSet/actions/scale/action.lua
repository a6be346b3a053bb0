-- Sets how many tasks there should be. Parameters are text.
local replicas = tonumber((actionParams or {}).replicas)
if replicas == nil or replicas < 0 or replicas > 10000 or replicas % 1 ~= 0 then
  error("replicas must be a number from 0 to 10000", 0)
end
obj.spec.replicas = replicas
return obj
