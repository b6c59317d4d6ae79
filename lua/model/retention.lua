-- model/retention.lua: how long things are kept. One rule per table whose rows are for a while; a periodic job
-- (app.lua) deletes what is over. The periods are settings (retention). What is kept as long as the person is there,
-- and what then, says model/personal_data.lua. The audit log has no rule: it stays.
--
--   over     which rows are over; %s stands for now less the period
--   period   the setting, nil where the rows carry their own end
--   change   instead of deleting: what is taken out of the row

local db = require "model.db"
local settings = require "host.settings"

local M = {}

M.rules = {
  { table = "sessions", period = "sessions", over = "coalesce(ended_at, expires_at) < %s" }, -- with refresh tokens
  { table = "events", period = "events", over = "created_at < %s" },
  { table = "idempotency_keys", period = "answers", over = "created_at < %s" },
  { table = "mails", period = "mails", over = "state <> 'queued' and created_at < %s" },
  { table = "workflow_runs", period = "runs", over = "finished_at < %s" }, -- with their steps
  { table = "login_failures", period = "failures", over = "last_at < %s" },
  { table = "data_requests", over = "archive_sealed is not null and expires_at < now()",
    change = "archive_sealed = null" },
  { table = "held_sign_ups", over = "expires_at < now()" },
  { table = "mail_tokens", over = "expires_at < now()" },
  { table = "login_challenges", over = "expires_at < now()" },
  { table = "oidc_logins", over = "expires_at < now()" },
  { table = "link_codes", over = "expires_at < now()" },
  { database = "memory", table = "memories", over = "expires_at < now()" },
  { database = "memory", table = "mcp_sessions", period = "sessions", over = "coalesce(ended_at, expires_at) < %s" },
  { database = "roblox", table = "pairing_codes", over = "expires_at < now()" },
  { database = "roblox", table = "studio_sessions", period = "sessions",
    over = "coalesce(ended_at, expires_at) < %s" },
}

-- Rows of one statement, so that none holds locks for long.
M.PORTION = 5000

local function portion(rule)
  local over = rule.over:gsub("%%s", function() return "now() - ? * interval '1 second'" end)
  local verb = rule.change and ("update %s set %s"):format(rule.table, rule.change) or "delete from " .. rule.table
  local text = ("%s where ctid = any(array(select ctid from %s where %s limit %d))"):format(verb, rule.table, over,
    M.PORTION)
  return db[rule.database or "education"]:run({ text, rule.period and settings.retention[rule.period] or nil })
end

--- Deletes what is over, by all rules. A database that does not answer is left for the next time.
---@return integer? rows
---@return table? err of the last rule that failed
function M.sweep()
  local total, failure = 0, nil
  for _, rule in ipairs(M.rules) do
    repeat
      local count, err = portion(rule)
      total, failure = total + (count or 0), err or failure
    until not count or count < M.PORTION
  end
  if failure then return nil, failure end
  return total
end

return M
