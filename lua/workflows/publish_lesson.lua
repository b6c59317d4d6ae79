-- workflows/publish_lesson.lua: an approved lesson goes out: its scene to the teacher's Studio sessions, its text to
-- the content service, and then to the students. Approval and the start of the run are one transaction, so that no
-- approved lesson waits for ever.
--
--   deliver → post → publish      each may run twice without doing anything twice

local json = require "host.json"
local db = require "model.db"
local lesson = require "model.lesson"
local place = require "model.place"
local post = require "model.post"
local quiz = require "model.quiz"
local scene = require "model.scene"
local rules = require "sync.rules"
local run = require "workflow.run"
local html = require "util.html"
local prose = require "util.prose"

local M = { name = "publish_lesson" }

--- Approves a lesson and starts its delivery.
---@return table? lesson
---@return table? err
function M.approve(user, lesson_id)
  return db.education:transaction(function(tx)
    local approved, err = lesson.approve(tx, user, lesson_id)
    if not approved then return nil, err end
    local started, failure = run.start({
      workflow = M.name, owner_id = approved.teacher_id, dedup_key = approved.id .. " " .. approved.approved_at,
      input = { lesson_id = approved.id, approved_at = approved.approved_at },
    }, tx)
    if not started then return nil, failure end
    return approved
  end)
end

-- The lesson, if it is still the one that was approved.
local function approved_lesson(input)
  local found, err = lesson.get(input.lesson_id)
  if not found then return nil, err end
  if found.approved_at ~= input.approved_at then
    return nil, { code = "conflict", message = "the lesson was changed after its approval" }
  end
  return found
end

local function deliver(input)
  local found, err = approved_lesson(input)
  if not found then return nil, err end
  local described, no_scene = scene.get(found.id)
  if not described and no_scene.code ~= "not_found" then return nil, no_scene end
  local questions, failure = quiz.questions(found.id)
  if not questions then return nil, failure end
  found.version = found.revision
  local tree = rules.build { lesson = found, quiz = { questions = questions },
    scene = described and described.description }
  local seq, broken = place.deliver { user_id = found.teacher_id, lesson_id = found.id,
    key = ("lesson:%s %s"):format(found.id, input.approved_at), tree = tree }
  if not seq then return nil, broken end
  return { seq = seq }
end

local function paragraphs(text)
  local out = {}
  for block in (text .. "\n\n"):gmatch("(.-)\n\n+") do
    if block:find("%S") then out[#out + 1] = "<p>" .. html.escape(prose.line(block)) .. "</p>" end
  end
  return table.concat(out, "\n")
end

--- A lesson as the HTML of a post: every word of it escaped.
---@param found table
---@return string
function M.html(found)
  local out = { paragraphs(found.summary) }
  local function add(text) out[#out + 1] = text end
  if #found.objectives > 0 then
    add("<h2>Objectives</h2>\n<ul>")
    for _, objective in ipairs(found.objectives) do add("<li>" .. html.escape(objective) .. "</li>") end
    add("</ul>")
  end
  for _, section in ipairs(found.sections) do
    add("<h2>" .. html.escape(section.heading) .. "</h2>")
    add(paragraphs(section.body))
  end
  if #found.glossary > 0 then
    add("<h2>Glossary</h2>\n<dl>")
    for _, entry in ipairs(found.glossary) do
      add("<dt>" .. html.escape(entry.term) .. "</dt><dd>" .. html.escape(entry.definition) .. "</dd>")
    end
    add("</dl>")
  end
  if found.notice ~= json.null then add("<p><em>" .. html.escape(found.notice) .. "</em></p>") end
  return table.concat(out, "\n")
end

local function plaintext(found)
  local out = { found.summary }
  for _, section in ipairs(found.sections) do
    out[#out + 1] = section.heading .. "\n" .. section.body
  end
  return table.concat(out, "\n\n")
end

local function publish_post(input)
  local found, err = approved_lesson(input)
  if not found then return nil, err end
  local made, failure = post.publish {
    source_key = "lesson:" .. found.id, title = found.title, html = M.html(found), plaintext = plaintext(found),
    custom_excerpt = found.summary ~= "" and prose.shorten(found.summary, 300) or nil,
    tags = { found.subject, ("Grade %d"):format(found.grade) },
    author = { user_id = found.teacher_id, name = found.teacher_name },
  }
  if not made then return nil, failure end
  return { post_id = made.id, slug = made.slug }
end

--- The script of a run.
function M.run(flow, input)
  local delivered = flow:step("deliver", input, function() return deliver(input) end)
  local posted = flow:step("post", input, function() return publish_post(input) end)
  flow:step("publish", input, function()
    local published, err = lesson.publish(input.lesson_id, input.approved_at)
    if not published then return nil, err end
    return { published_at = published.published_at }
  end)
  return { lesson_id = input.lesson_id, seq = delivered.seq, post_id = posted.post_id, slug = posted.slug }
end

return M
