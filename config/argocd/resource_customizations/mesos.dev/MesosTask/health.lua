-- The health of a MesosTask, from the conditions that the operator keeps. Scripts of argocd-cm get Lua's basic
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
  return says("Progressing", "Ready", "Waiting for the operator to end the task")
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

-- A hook is through when its task has ended, and not as soon as it runs.
local annotations = obj.metadata.annotations or {}
if annotations["argocd.argoproj.io/hook"] ~= nil and conditions.Succeeded ~= nil and not holds("Succeeded") then
  return says("Progressing", "Succeeded")
end
if holds("Ready") then
  return says("Healthy", "Ready")
end
-- Somebody has told the operator to keep its hands off before the task ran: nothing goes on until they say so.
if conditions.Ready ~= nil and conditions.Ready.reason == "Paused" then
  return says("Suspended", "Ready")
end
return says("Progressing", "Ready", "Waiting for the operator")
