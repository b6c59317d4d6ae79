local article = require "model.article"
local json = require "host.json"

local function lesson(changes)
  local made = {
    id = "5b2c1f7e-9d1a-4a51-8a0e-0c6f0d8e4b11", title = "Water", subject = "Science", grade = 5,
    summary = "How water moves.", objectives = { "Name the steps." },
    sections = { { heading = "Rain", body = "Drops fall.\nThey join.\n\nRivers form." } },
    glossary = { { term = "Cloud", definition = "Drops in the air." } },
    teacher_id = "0d6f4b9e-2f6c-4b8a-9d55-0f8f0a1b2c3d", teacher_name = "Ada",
  }
  for name, value in pairs(changes or {}) do made[name] = value end
  return made
end

describe("model.article", function()
  it("puts a lesson together as HTML and as plain text", function()
    local made = article.of(lesson())
    assert.equal(table.concat({
      "<p>How water moves.</p>", "<h2>Objectives</h2>", "<ul>\n<li>Name the steps.</li>\n</ul>", "<h2>Rain</h2>",
      "<p>Drops fall.<br>\nThey join.</p>", "<p>Rivers form.</p>", "<h2>Glossary</h2>",
      "<dl>\n<dt>Cloud</dt><dd>Drops in the air.</dd>\n</dl>",
    }, "\n"), made.html)
    assert.truthy(made.plaintext:find("Rivers form.\n\nGlossary\n\nCloud: Drops in the air.", 1, true))
    assert.same({ "Science", "Grade 5" }, made.tags)
    assert.equal("lesson:5b2c1f7e-9d1a-4a51-8a0e-0c6f0d8e4b11", made.source_key)
  end)

  it("shows markup instead of running it, wherever it was written", function()
    local evil = "<script>alert('x')</script>\"&"
    local made = article.of(lesson {
      summary = evil, objectives = { evil }, sections = { { heading = evil, body = evil } },
      glossary = { { term = evil, definition = evil } },
    })
    assert.is_nil(made.html:find("<script", 1, true))
    assert.is_nil(made.html:find("'x'", 1, true))
    assert.equal(6, select(2, made.html:gsub("&lt;script&gt;", "")))
  end)

  it("says how the lesson was made, where that is known", function()
    local made = article.of(lesson { notice = "Made without a model." })
    assert.truthy(made.html:find("<p><em>Made without a model.</em></p>", 1, true))
    assert.is_nil(article.of(lesson { notice = json.null }).html:find("<em>", 1, true))
  end)

  it("leaves out what a lesson has not", function()
    local made = article.of(lesson { summary = "", objectives = {}, glossary = {} })
    assert.equal("<h2>Rain</h2>\n<p>Drops fall.<br>\nThey join.</p>\n<p>Rivers form.</p>", made.html)
    assert.is_nil(made.custom_excerpt)
  end)

  it("keeps the excerpt within Ghost's 300 characters", function()
    local made = article.of(lesson { summary = ("ä"):rep(400) })
    assert.equal(("ä"):rep(299) .. "…", made.custom_excerpt)
  end)
end)
