-- web/formats.lua: checks of text formats, each a function text → true or false. Used by web/validate.lua.

local M = {}

local find, match = string.find, string.match

local hex8, hex4 = ("%x"):rep(8), ("%x"):rep(4)
local uuid = "^" .. hex8 .. "%-" .. hex4 .. "%-" .. hex4 .. "%-" .. hex4 .. "%-" .. hex8 .. hex4 .. "$"

---RFC 9562, any version, any case.
function M.uuid(text)
  return #text == 36 and find(text, uuid) ~= nil
end

local month_days = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

-- A day of the Gregorian calendar, years 1 to 9999 (what PostgreSQL and JavaScript both hold).
local function is_day(year, month, day)
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  if not year or year < 1 or month < 1 or month > 12 or day < 1 then return false end
  local leap = year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
  return day <= month_days[month] + ((month == 2 and leap) and 1 or 0)
end

---RFC 3339 full-date.
function M.date(text)
  return is_day(match(text, "^(%d%d%d%d)%-(%d%d)%-(%d%d)$"))
end

-- Whether a moment of the first or the last day is one of UTC's years 1 to 9999 as well, when rounded to microseconds.
local function is_held(day, minutes, fraction)
  if day == "0001-01-01" then return minutes >= 0 end
  if day == "9999-12-31" then return minutes < 24 * 60 and #fraction <= 6 end
  return true
end

---RFC 3339 date-time, to nanoseconds. Leap seconds are refused: PostgreSQL would move them.
function M.time(text)
  local day, hour, minute, second, rest = match(text, "^(%d%d%d%d%-%d%d%-%d%d)[Tt](%d%d):(%d%d):(%d%d)(.*)$")
  if not day or not M.date(day) then return false end
  if tonumber(hour) > 23 or tonumber(minute) > 59 or tonumber(second) > 59 then return false end
  local fraction, zone = match(rest, "^%.(%d+)(.*)$")
  fraction, zone = fraction or "", zone or rest
  if #fraction > 9 then return false end
  local minutes = hour * 60 + minute
  if zone == "Z" or zone == "z" then return is_held(day, minutes, fraction) end
  local sign, zone_hour, zone_minute = match(zone, "^([+-])(%d%d):(%d%d)$")
  if not sign or tonumber(zone_hour) > 15 or tonumber(zone_minute) > 59 then return false end -- as PostgreSQL has it
  return is_held(day, minutes - tonumber(sign .. zone_hour * 60 + zone_minute), fraction)
end

---An address as people type it: dot-atom at a host name (RFC 5321 without quoted local parts).
function M.email(text)
  local user, host = match(text, "^([%w!#$%%&'*+/=?^_`{|}~.-]+)@([%w.-]+)$")
  if not user or #user > 64 or #host > 253 then return false end
  if find(user, "^%.") or find(user, "%.$") or find(user, "..", 1, true) then return false end
  if not find(host, ".", 1, true) then return false end
  for label in (host .. "."):gmatch("([^.]*)%.") do
    if label == "" or #label > 63 or find(label, "^%-") or find(label, "%-$") then return false end
  end
  return true
end

---An absolute http or https URL with a host and without user data, spaces or control characters.
function M.url(text)
  local host = match(text, "^[Hh][Tt][Tt][Pp][Ss]?://([^/?#]+)")
  return host ~= nil and not find(host, "@", 1, true) and not find(text, "[%s%c\"<>\\^`{|}]")
end

return M
