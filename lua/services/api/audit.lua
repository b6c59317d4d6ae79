-- services/api/audit.lua: the audit log, as an admin reads it. Nothing writes it from here (model/audit.lua).

local audit = require "model.audit"
local cursor = require "web.cursor"
local guard = require "web.guard"
local schema = require "web.schema"
local shapes = require "services.api.shapes"

local describe, nullable, optional = schema.describe, schema.nullable, schema.optional

local action = schema.text(1, 100, {
  pattern = "[a-z_.]+", json_pattern = "^[a-z_.]+$", pattern_says = "expected an action such as user.update",
  example = "user.update",
})

local Entry = schema.named("AuditEntry", schema.object {
  sequence = describe(schema.integer(1), "Counts within the school"),
  recorded_at = schema.time(),
  actor_id = describe(nullable(schema.id(shapes.USERS)), "Who did it; null: the system itself"),
  action = action,
  subject_kind = schema.text(1, 50),
  subject_id = describe(schema.id(), "Of subject_kind"),
  detail = describe(schema.any(), "Ids, names of fields and digests; never personal values"),
  digest = describe(schema.text(64, 64), "SHA-256 over the entry and the digest of the one before it"),
})

---@param req api.listAudit
local function list(req)
  return cursor.list(req, function(page) return audit.list(req.user, req.query, page) end)
end

return {
  ["/audit"] = {
    GET = { "List who changed what in the own school", guard.may("read_audit", list), out = schema.list(Entry),
      query = cursor.query({ "sequence" }, {
        subject_id = optional(schema.id()), actor_id = optional(schema.id(shapes.USERS)), action = optional(action),
      }), id = "listAudit", tags = { "Privacy" } },
  },
}
