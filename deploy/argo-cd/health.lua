-- The health of a PdsProvision, for Argo CD: `obj` is the resource, what is returned is its health.

local function condition(kind)
  for _, found in ipairs((obj.status and obj.status.conditions) or {}) do
    if found.type == kind then
      return found
    end
  end
end

if obj.metadata.deletionTimestamp then
  return { status = "Progressing", message = "Being deleted." }
end

-- Before the conditions: until the operator has seen the newest spec, they speak of an older one. -1: of none.
if not obj.status or obj.status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "The operator has not looked at this spec yet." }
end

local ready, stalled = condition("Ready"), condition("Stalled")
-- Before Ready: a person can be needed for a PDS that runs.
if stalled and stalled.status == "True" then
  return { status = "Degraded", message = stalled.reason .. ": " .. stalled.message }
end
if not ready then
  return { status = "Progressing", message = "The operator has not decided yet." }
end
if ready.status == "True" then
  return { status = "Healthy", message = ready.message }
end
if ready.reason == "Suspended" then
  return { status = "Suspended", message = ready.message }
end
return { status = "Progressing", message = ready.reason .. ": " .. ready.message }
