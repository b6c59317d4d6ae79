local json = require "host.json"
local present = require "services.content.present"

local SITE = "http://localhost:2368"

local function row(changes)
  local made = {
    id = "5f1a2b3c4d5e6f7a8b9c0d1e", uuid = "5b2c1f7e-9d1a-4a51-8a0e-0c6f0d8e4b11", type = "post", title = "Water",
    slug = "water", html = "<p>Water moves.</p>", plaintext = "Water moves.", custom_excerpt = json.null,
    feature_image = json.null, featured = false, visibility = "public", meta = { og_title = "Moving water" },
    created_at = "2026-01-31T08:00:00Z", updated_at = "2026-01-31T08:00:00.123456Z",
    published_at = "2026-01-31T09:00:00.5Z",
    tags = { { id = "1", name = "Science", slug = "science", visibility = "public", description = json.null } },
    authors = { { id = "2", name = "Ada", slug = "ada", bio = json.null } },
  }
  for name, value in pairs(changes or {}) do made[name] = value end
  return made
end

local function asked(changes)
  local made = { include = {}, formats = { html = true } }
  for name, value in pairs(changes or {}) do made[name] = value end
  return made
end

describe("services.content.present", function()
  it("has Ghost's members, its times and absolute addresses", function()
    local post = present.post(row(), asked(), SITE)
    assert.equal("http://localhost:2368/water/", post.url)
    assert.same({ "2026-01-31T08:00:00.000+00:00", "2026-01-31T08:00:00.123+00:00", "2026-01-31T09:00:00.500+00:00" },
      { post.created_at, post.updated_at, post.published_at })
    assert.same({ "Moving water", json.null, json.null }, { post.og_title, post.og_image, post.feature_image })
    assert.is_true(post.access)
    assert.is_nil(post.status)
    assert.is_nil(post.plaintext)
    assert.is_nil(post.tags)
  end)

  it("gives the excerpt that was written, else the beginning of the text", function()
    assert.equal("Water moves.", present.post(row(), asked(), SITE).excerpt)
    assert.equal("Short.", present.post(row({ custom_excerpt = "Short." }), asked(), SITE).excerpt)
    local long = present.post(row({ plaintext = ("ä"):rep(600) }), asked(), SITE)
    assert.equal(("ä"):rep(500), long.excerpt)
  end)

  it("counts reading time by words and images", function()
    local words = ("word "):rep(550)
    assert.equal(2, present.post(row({ plaintext = words }), asked(), SITE).reading_time)
    local images = "<p></p>" .. ("<img src='x'>"):rep(5)
    assert.equal(3, present.post(row({ plaintext = words, html = images }), asked(), SITE).reading_time)
    assert.is_nil(present.post(row({ html = "" }), asked(), SITE).reading_time)
  end)

  it("hides what is not public, but for what stands before the mark", function()
    local closed = present.post(row({ visibility = "members" }), asked(), SITE)
    assert.same({ false, json.null, "" }, { closed.access, closed.html, closed.excerpt })
    local part = present.post(row({ visibility = "paid", html = "<p>a</p><!--members-only--><p>b</p>" }), asked(), SITE)
    assert.equal("<p>a</p>", part.html)
  end)

  it("includes tags and authors, the first of each as the primary one", function()
    local post = present.post(row(), asked({ include = { tags = true, authors = true } }), SITE)
    assert.same({ "science", "ada" }, { post.primary_tag.slug, post.primary_author.slug })
    assert.equal("http://localhost:2368/tag/science/", post.tags[1].url)
    local internal = row()
    internal.tags[1].visibility = "internal"
    assert.equal(json.null, present.post(internal, asked({ include = { tags = true } }), SITE).primary_tag)
  end)

  it("keeps the asked fields, computed ones too, and what was included", function()
    local post = present.post(row(), asked({
      fields = { title = true, url = true, plaintext = true }, include = { tags = true },
    }), SITE)
    local names = {}
    for name in pairs(post) do table.insert(names, name) end
    table.sort(names)
    assert.same({ "plaintext", "primary_tag", "tags", "title", "url" }, names)
  end)
end)
