local nql = require "services.content.nql"
local post_filter = require "model.post_filter"

local function condition(text)
  return post_filter.condition("posts", assert(nql.parse(text, 0)), nql.null)
end

describe("model.post_filter", function()
  it("compares columns by their type, values as parameters", function()
    assert.same({ "p.slug = ?::text", "a" }, condition("slug:a"))
    assert.same({ "p.title <> ?::text", "5" }, condition("title:-5"))
    assert.same({ "p.featured = ?::boolean", true }, condition("featured:true"))
    assert.same({ "p.published_at > ?::timestamptz", "2024-02-29 10:00:00" },
      condition("published_at:>'2024-02-29 10:00:00'"))
    assert.same({ "p.feature_image is null" }, condition("feature_image:null"))
    assert.same({ "p.slug not in (?::text, ?::text)", "a", "b" }, condition("slug:-[a,b]"))
  end)

  it("keeps parameters in the order of their question marks", function()
    assert.same({ "(p.slug = ?::text or (p.featured = ?::boolean and p.title = ?::text))", "a", false, "c" },
      condition("slug:a,featured:false+title:c"))
  end)

  it("takes wildcards in text for what they are", function()
    assert.same({ "p.title ilike ?", [[%50\% \_\\x%]] }, condition([[title:~'50% _\x']]))
    assert.same({ "p.title not ilike ?", "a%" }, condition("title:-~^'a'"))
  end)

  it("asks for each tag on its own, and for the absence of one", function()
    local both = condition("tag:a+tag:b")
    assert.equal(2, select(2, both[1]:gsub("exists %(", "")))
    assert.truthy(condition("tag:-a")[1]:find("^not exists %(.* and t.slug = %?::text%)$"))
    assert.truthy(condition("tags:-[a,b]")[1]:find("^not exists %(.* in %(%?::text, %?::text%)%)$"))
    assert.truthy(condition("primary_tag:null")[1]:find("^not exists %("))
  end)

  it("does not let the caller choose the status", function()
    assert.same({ "(true and p.slug = ?::text)", "a" }, condition("status:draft+slug:a"))
  end)

  it("filters tags and authors by their own members", function()
    assert.same({ "r.visibility = ?::text", "public" },
      post_filter.condition("tags", nql.parse("visibility:public", 0), nql.null))
    assert.is_nil((post_filter.condition("authors", nql.parse("email:~'a'", 0), nql.null)))
  end)

  it("refuses what PostgreSQL would trip over, and members there are none of", function()
    for _, text in ipairs({ "password:x", "featured:yes", "published_at:>yesterday", "published_at:>'2023-02-29'",
      "created_at:'2024-01-01 25:00:00'", "published_at:~'2024'", "title:>null", "tag:>null", "slug:[a,null]" }) do
      local fragment, message = condition(text)
      assert.is_nil(fragment, text)
      assert.is_string(message)
    end
  end)
end)
