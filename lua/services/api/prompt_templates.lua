-- services/api/prompt_templates.lua: texts that teachers keep to have lessons made with.

local answer = require "web.answer"
local cursor = require "web.cursor"
local guard = require "web.guard"
local prompt_template = require "model.prompt_template"
local schema = require "web.schema"
local shapes = require "services.api.shapes"

local optional = schema.optional

local fields = {
  title = shapes.name, body = schema.multiline(1, 10000),
  shared = schema.describe(optional(schema.boolean()), "Whether the school's teachers read it"),
}

local New = schema.object(fields)
local Change = schema.partial(New)

local Template = schema.named("PromptTemplate", schema.object {
  id = schema.id(shapes.TEMPLATES), owner_id = schema.id(shapes.USERS), title = shapes.name,
  body = schema.multiline(1, 10000), shared = schema.boolean(), created_at = schema.time(), updated_at = schema.time(),
})

---@param req api.listPromptTemplates
local function list(req)
  return cursor.list(req, function(page) return prompt_template.list(req.user, req.query, page) end)
end

---@param req api.createPromptTemplate
local function create(req)
  return prompt_template.create(req.user, req.body)
end

---@param req api.showPromptTemplate
local function show(req)
  return prompt_template.find(req.user, req.params.template_id)
end

---@param req api.changePromptTemplate
local function change(req)
  return prompt_template.update(req.user, req.params.template_id, req.body, req.revision)
end

---@param req api.deletePromptTemplate
local function delete(req)
  return answer.done(prompt_template.delete(req.user, req.params.template_id, req.revision))
end

local role = guard.role
local tags = { "Content" }
local by_id = { template_id = schema.id(shapes.TEMPLATES) }

return {
  ["/prompt-templates"] = {
    GET = { "List the prompt templates that one may use", role("teacher", list), out = schema.list(Template),
      query = cursor.query({ "title" }, { mine = optional(schema.boolean(), false) }), id = "listPromptTemplates",
      tags = tags },
    POST = { "Make a prompt template", role("teacher", create), body = New, out = Template, creates = true,
      id = "createPromptTemplate", tags = tags },
  },
  ["/prompt-templates/{template_id}"] = {
    GET = { "Show a prompt template", role("teacher", show), params = by_id, out = Template, id = "showPromptTemplate",
      tags = tags },
    PATCH = { "Change a prompt template", role("teacher", change), params = by_id, body = Change, out = Template,
      errors = { "forbidden" }, id = "changePromptTemplate", tags = tags },
    DELETE = { "Delete a prompt template", role("teacher", delete), params = by_id, id = "deletePromptTemplate",
      tags = tags },
  },
}
