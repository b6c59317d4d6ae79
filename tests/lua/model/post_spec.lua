local post = require "model.post"
local factory = require "tests.support.factory"
local id = require "util.id"

describe("a post", function()
  local function new(more)
    local made = { title = "The Water Cycle: " .. id.code(4), html = "<p>Water</p>", plaintext = "Water",
      source_key = "lesson:" .. id.uuid(), custom_excerpt = "Water moves.", tags = { "Science", "science", "Grade 5" },
      author = { user_id = id.uuid(), name = "Ada L." } }
    for key, value in pairs(more or {}) do made[key] = value end
    return made
  end

  it("is published once per source; publishing again changes its text, not its address", function()
    local given = new()
    local first = factory.must(post.publish(given))
    given.title, given.html = "Another title", "<p>More water</p>"
    local second = factory.must(post.publish(given))
    assert.are.equal(first.id, second.id)
    assert.are.equal(first.slug, second.slug)
    assert.are.equal("<p>More water</p>", second.html)
    assert.are.equal(first.published_at, second.published_at)
  end)

  it("gets a slug of its own", function()
    local title = "Twice " .. id.code(8)
    local first = factory.must(post.publish(new { title = title }))
    local second = factory.must(post.publish(new { title = title }))
    assert.are.equal(post.slug(title), first.slug)
    assert.are.equal(first.slug .. "-2", second.slug)
  end)

  it("is read with its tags in order and its author", function()
    local made = factory.must(post.publish(new()))
    local read = factory.must(post.read("post", "slug", made.slug))
    assert.are.equal("Science", read.tags[1].name)
    assert.are.equal(2, #read.tags)
    assert.are.equal("Ada L.", read.authors[1].name)
    assert.are.equal(made.id, factory.must(post.read("post", "id", made.id)).id)
    assert.is_nil(post.read("page", "id", made.id))
  end)

  it("is browsed by tag and author", function()
    local tag = "Topic " .. id.code(8)
    for _ = 1, 3 do factory.must(post.publish(new { tags = { tag } })) end
    local page = factory.must(post.browse({ tag = post.slug(tag) }, { limit = 2, page = 2, order = { { "title",
      "asc" } } }))
    assert.are.equal(3, page.total)
    assert.are.equal(1, #page.items)
    local author = page.items[1].authors[1]
    assert.are.equal(1, factory.must(post.browse({ author = author.slug }, { limit = 5, page = 1 })).total)
    assert.are.equal(author.id, factory.must(post.related("authors", "slug", author.slug)).id)
    local found = false
    local tags = factory.must(post.tags { limit = 10000, page = 1 })
    for _, row in ipairs(tags.items) do
      if row.name == tag then found = row.posts end
    end
    assert.are.equal(3, found)
    assert.is_true(factory.must(post.authors { limit = 1, page = 1 }).total >= 3)
  end)

  it("is read with a key of the site", function()
    local key = factory.must(post.make_key("spec"))
    assert.are.equal(26, #key.key)
    assert.are.equal("spec", factory.must(post.key(key.key)).name)
    assert.is_nil(post.key(("0"):rep(26)))
    assert.are.equal("ToolboxAI", factory.must(post.site()).title)
  end)
end)
