-- workflows/publish_lesson.lua: an approved lesson goes out: its scene to the teacher's Studio sessions, its text to
-- the content service, and then to the students. Approval and the start of the run are one transaction, so that no
-- approved lesson waits for ever.
--
--   deliver → post → publish      each may run twice without doing anything twice

local article = require "model.article"
local db = require "model.db"
local lesson = require "model.lesson"
local place = require "model.place"
local post = require "model.post"
local material = require "sync.material"
local rules = require "sync.rules"
local run = require "workflow.run"

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
  local gathered, failure = material.get(found.id)
  if not gathered then return nil, failure end
  local seq, broken = place.deliver { user_id = found.teacher_id, lesson_id = found.id,
    key = ("lesson:%s %s"):format(found.id, input.approved_at), tree = rules.build(gathered) }
  if not seq then return nil, broken end
  return { seq = seq }
end

local function publish_post(input)
  local found, err = approved_lesson(input)
  if not found then return nil, err end
  local made, failure = post.publish(article.of(found))
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
