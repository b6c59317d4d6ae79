-- web/secure.lua: headers that keep browsers from doing more with an answer than it is for.

local M = {}

---For data: nothing in it may be run, framed or guessed.
M.data = {
  ["x-content-type-options"] = "nosniff",
  ["content-security-policy"] = "default-src 'none'; frame-ancestors 'none'",
  ["referrer-policy"] = "no-referrer",
}

---For pages: scripts and styles of this origin only, no inline script, live updates to the own host.
M.page = {
  ["x-content-type-options"] = "nosniff",
  ["content-security-policy"] = table.concat({
    "default-src 'self'", "script-src 'self'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data:",
    "connect-src 'self' ws: wss:", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
    "object-src 'none'",
  }, "; "),
  ["referrer-policy"] = "same-origin",
  ["cross-origin-opener-policy"] = "same-origin",
}

---@param headers table<string, string>
---@param public_url string how clients reach this installation
---@return table<string, string> with Strict-Transport-Security where there is TLS to insist on
function M.strict(headers, public_url)
  local out = {}
  for name, value in pairs(headers) do out[name] = value end
  if public_url:find("^https:") then out["strict-transport-security"] = "max-age=31536000; includeSubDomains" end
  return out
end

return M
