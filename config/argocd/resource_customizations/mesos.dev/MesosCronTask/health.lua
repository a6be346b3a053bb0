-- The health of a MesosCronTask, from the conditions that the operator keeps: whether its schedule is kept, and not how its runs end. Those are
-- MesosTasks with a health of their own.
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
  return {status = "Progressing", message = "Waiting for its runs to be deleted"}
end
if status.observedGeneration ~= obj.metadata.generation then
  return {status = "Progressing", message = "Waiting for the operator to take up the latest change"}
end
if holds("Stalled") then
  return says("Degraded", "Stalled")
end
if holds("Suspended") then
  return says("Suspended", "Suspended")
end
if holds("Reconciling") then
  return says("Progressing", "Reconciling")
end
if holds("Ready") then
  return says("Healthy", "Ready")
end
return says("Progressing", "Ready", "Waiting for the operator")
