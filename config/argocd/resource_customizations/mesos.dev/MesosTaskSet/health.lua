-- The health of a MesosTaskSet, from the conditions that the operator keeps. Scripts of argocd-cm get Lua's basic
-- functions only, so there is no string library here.
local status = obj.status or {}
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end

local function holds(name)
  return conditions[name] ~= nil and conditions[name].status == "True"
end

-- says is the verdict with the condition's reason and message, or with the given words where there is no such condition.
local function says(verdict, name, otherwise)
  local condition = conditions[name]
  if condition == nil then
    return {status = verdict, message = otherwise}
  end
  return {status = verdict, message = condition.reason .. ": " .. condition.message}
end

if obj.metadata.deletionTimestamp ~= nil then
  return says("Progressing", "Ready", "Waiting until the tasks are gone")
end
if status.observedGeneration ~= obj.metadata.generation then
  return {status = "Progressing", message = "Waiting for the operator to take up the latest change"}
end
if holds("Stalled") then
  return says("Degraded", "Stalled")
end
if holds("Reconciling") or not holds("Ready") then
  return says("Progressing", "Ready", "Waiting for the operator")
end
-- A person has put the set to rest, or its rollout: nothing goes on until they say so.
if conditions.Ready.reason == "Suspended" or obj.spec.paused == true then
  return says("Suspended", "Ready")
end
return says("Healthy", "Ready")
