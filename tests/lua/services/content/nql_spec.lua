local nql = require "services.content.nql"

local NOW = 1767225600 -- 2026-01-01T00:00:00Z

local function compare(field, is, value)
  return { op = "compare", field = field, is = is, value = value }
end

local function parse(text)
  return nql.parse(text, NOW)
end

describe("services.content.nql", function()
  it("reads one comparison", function()
    assert.same(compare("featured", "=", true), parse("featured:true"))
    assert.same(compare("tag", "=", "news"), parse("tag:news"))
    assert.same(compare("title", "=", "it's"), parse([[title:'it\'s']]))
    assert.same(compare("count.posts", ">", 3), parse("count.posts:>3"))
    assert.same(compare("published_at", "<=", "2024-01-01 00:00:00"), parse("published_at:<='2024-01-01 00:00:00'"))
    assert.same(compare("slug", "!=", "welcome"), parse("slug:-welcome"))
    assert.equal(nql.null, parse("feature_image:null").value)
    assert.same(compare("feature_image", "!=", nql.null), parse("feature_image:-null"))
  end)

  it("reads every text operator, on quoted strings only", function()
    for text, is in pairs({ ["~"] = "contains", ["~^"] = "starts", ["~$"] = "ends", ["-~"] = "not_contains",
      ["-~^"] = "not_starts", ["-~$"] = "not_ends" }) do
      assert.same(compare("title", is, "robl"), parse("title:" .. text .. "'robl'"))
      assert.is_nil((parse("title:" .. text .. "robl")))
    end
  end)

  it("binds + closer than ,", function()
    assert.same({ op = "or", items = {
      compare("a", "=", 1),
      { op = "and", items = { compare("b", "=", 2), compare("c", "=", 3) } },
    } }, parse("a:1,b:2+c:3"))
  end)

  it("reads parentheses, lists and spaces around separators", function()
    assert.same({ op = "and", items = {
      { op = "or", items = { compare("tag", "=", "a"), compare("author", "=", "b") } },
      compare("visibility", "=", "public"),
    } }, parse("(tag:a , author:b) + visibility:public"))
    assert.same(compare("tag", "in", { "news", "tips" }), parse("tag:[news,tips]"))
    assert.same(compare("tag", "not_in", { "x y", 3 }), parse("tag:-['x y',3]"))
  end)

  it("reads numbers as Ghost does", function()
    assert.equal(1, parse("a:01").value)
    assert.equal(1, parse("a:1.5").value)
    assert.same(compare("a", "!=", 5), parse("a:-5"))
    assert.equal("1st", parse("a:1st").value)
  end)

  it("reads times relative to the request, and words that only look so", function()
    assert.equal("2025-12-02T00:00:00Z", parse("published_at:>now-30d").value)
    assert.equal("2026-01-01T02:00:00Z", parse("(published_at:<now+2h)").value)
    assert.equal("now-30days", parse("slug:now-30days").value)
    assert.equal("2024-01-01T10:00:00.000Z", parse("published_at:>2024-01-01T10:00:00.000Z").value)
  end)

  it("refuses what Ghost's parser refuses, and says where", function()
    for _, text in ipairs({ "", "tag", "tag:", "tag :a", "a:1+", "a:1,,b:2", "()", "(a:1", "a:1)", "a:[1,2", "a:''",
      'a:"b"', "a:'b", "a:>-5", "a:x:y", "a:http://x", "a:b c", "a:[]", "'a':1" }) do
      local tree, message = parse(text)
      assert.is_nil(tree, text)
      assert.truthy(message:find("at character %d+$"), text)
    end
  end)

  it("has limits", function()
    assert.is_nil((parse(("a"):rep(2001))))
    assert.is_nil((parse(("("):rep(21) .. "a:1" .. (")"):rep(21))))
    assert.is_nil((parse(("a:1,"):rep(61) .. "a:1")))
    assert.is_nil((parse("a:[" .. ("1,"):rep(61) .. "1]")))
  end)
end)
