-- util/age.lua: ages from dates of birth.

local M = {}

--- Below this age a guardian consents before anything is kept (COPPA, 16 CFR 312).
M.CONSENT = 13

--- Full years between a date of birth and a day; one born on 29 February is a year older on 1 March.
---@param birth_date string "2015-02-28"
---@param today string "2026-11-28"
---@return integer
function M.years(birth_date, today)
  local y, rest = birth_date:match("^(%d%d%d%d)%-(%d%d%-%d%d)$")
  local now, day = today:match("^(%d%d%d%d)%-(%d%d%-%d%d)$")
  local years = tonumber(now) - tonumber(y)
  return day < rest and years - 1 or years
end

--- Whether somebody is a child by that law on a day. In no time zone is it a later day than today's in UTC + 14 h, and
--- nobody is older than that by more than one: the caller's day is UTC's.
---@param birth_date string
---@param today string
function M.is_child(birth_date, today)
  return M.years(birth_date, today) < M.CONSENT
end

return M
