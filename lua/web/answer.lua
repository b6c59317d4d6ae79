-- web/answer.lua: what handlers return where a model's value is not the answer itself.

local json = require "host.json"

local M = {}

---There is nothing to say but that it is done: 204. Takes what a model returned.
---@param value any nil: it is not done
---@param err? host.error
---@return integer? status
---@return host.error? err
function M.done(value, err)
  if value == nil then return nil, err end
  return 204
end

---A list that is short enough to be told whole, in the form of a page. Takes what a model returned.
---@param items? any[]
---@param err? host.error
---@return { items: any[], next: any }? list
---@return host.error? err
function M.whole(items, err)
  if not items then return nil, err end
  return { items = items, next = json.null }
end

return M
