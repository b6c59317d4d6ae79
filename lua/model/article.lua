-- model/article.lua: a lesson as an article to be read on a website: what model/post.lua publishes. Pure. Every text of
-- the lesson is text: whatever markup somebody wrote into it is shown, never run.

local html = require "util.html"
local json = require "host.json"
local utf8 = require "util.utf8"

local M = {}

local EXCERPT = 300

-- An article is put together twice, as HTML and as plain text, piece by piece.
local Article = {}
Article.__index = Article

function Article:add(markup, text)
  self.html[#self.html + 1] = markup
  self.plain[#self.plain + 1] = text
end

function Article:heading(level, text)
  self:add(("<h%d>%s</h%d>"):format(level, html.escape(text), level), text)
end

-- An empty line parts paragraphs, a single one breaks the line.
function Article:text(text)
  for paragraph in (text:gsub("\r\n", "\n") .. "\n\n"):gmatch("(.-)\n\n+") do
    paragraph = paragraph:match("^%s*(.-)%s*$")
    if paragraph ~= "" then
      self:add("<p>" .. html.escape(paragraph):gsub("\n", "<br>\n") .. "</p>", paragraph)
    end
  end
end

function Article:list(items)
  local rows = {}
  for i, item in ipairs(items) do rows[i] = "<li>" .. html.escape(item) .. "</li>" end
  self:add("<ul>\n" .. table.concat(rows, "\n") .. "\n</ul>", table.concat(items, "\n"))
end

function Article:terms(entries)
  local rows, lines = {}, {}
  for i, entry in ipairs(entries) do
    rows[i] = ("<dt>%s</dt><dd>%s</dd>"):format(html.escape(entry.term), html.escape(entry.definition))
    lines[i] = entry.term .. ": " .. entry.definition
  end
  self:add("<dl>\n" .. table.concat(rows, "\n") .. "\n</dl>", table.concat(lines, "\n"))
end

local function shorten(text)
  if text == "" then return nil end
  local cut = utf8.cut(text, EXCERPT)
  if cut == text then return text end
  return utf8.cut(text, EXCERPT - 1) .. "…"
end

--- The article of a lesson, as model/post.lua's publish takes it.
---@param lesson table row of model/lesson.lua (M.get: with the name of its teacher)
---@return model.post.new
function M.of(lesson)
  local article = setmetatable({ html = {}, plain = {} }, Article)
  if lesson.summary ~= "" then article:text(lesson.summary) end
  if #lesson.objectives > 0 then
    article:heading(2, "Objectives")
    article:list(lesson.objectives)
  end
  for _, section in ipairs(lesson.sections) do
    article:heading(2, section.heading)
    article:text(section.body)
  end
  if #lesson.glossary > 0 then
    article:heading(2, "Glossary")
    article:terms(lesson.glossary)
  end
  if lesson.notice and lesson.notice ~= json.null then
    article:add("<p><em>" .. html.escape(lesson.notice) .. "</em></p>", lesson.notice)
  end
  return {
    source_key = "lesson:" .. lesson.id,
    title = lesson.title,
    html = table.concat(article.html, "\n"),
    plaintext = table.concat(article.plain, "\n\n"),
    custom_excerpt = shorten(lesson.summary),
    tags = { lesson.subject, ("Grade %d"):format(lesson.grade) },
    author = { user_id = lesson.teacher_id, name = lesson.teacher_name },
  }
end

return M
