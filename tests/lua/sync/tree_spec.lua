local tree = require "sync.tree"

local function folder(id, children)
  return tree.node({ id = id, class = "Folder", name = id, children = children })
end

describe("sync.tree", function()
  it("makes only the classes that rules may make", function()
    assert.has_error(function() tree.node({ id = "a", class = "RemoteEvent", name = "a" }) end,
      "no rule may make a RemoteEvent")
  end)

  it("wants an id and well-formed attributes", function()
    assert.has_error(function() tree.node({ id = "", class = "Folder", name = "a" }) end)
    for _, bad in ipairs({ "with space", "RBXthing", ("a"):rep(101), "" }) do
      assert.has_error(function()
        tree.node({ id = "a", class = "Folder", name = "a", attributes = { [bad] = 1 } })
      end)
    end
    assert.has_error(function()
      tree.node({ id = "a", class = "Folder", name = "a", attributes = { Good = {} } })
    end)
  end)

  it("keeps names to one short line without splitting a character", function()
    assert.equal("a b", folder("x").name and tree.node({ id = "x", class = "Folder", name = "a\r\nb" }).name)
    local name = tree.node({ id = "x", class = "Folder", name = ("ä"):rep(60) .. "b" }).name
    assert.equal(("ä"):rep(50), name)
    name = tree.node({ id = "x", class = "Folder", name = "b" .. ("ä"):rep(60) }).name
    assert.equal("b" .. ("ä"):rep(49), name)
  end)

  it("walks parents before children", function()
    local seen = {}
    tree.walk(folder("a", { folder("b", { folder("c") }), folder("d") }), function(node, parent)
      table.insert(seen, (parent and parent.id or "-") .. node.id)
    end)
    assert.same({ "-a", "ab", "bc", "ad" }, seen)
  end)

  it("indexes by id and refuses an id used twice", function()
    local index, count = tree.index(folder("a", { folder("b", { folder("c") }) }))
    assert.equal(3, count)
    assert.equal("b", index.c.parent)
    assert.is_nil(index.a.parent)
    assert.has_error(function() tree.index(folder("a", { folder("b"), folder("b") })) end)
  end)

  it("refuses trees that would choke Studio", function()
    local many = {}
    for i = 1, tree.MAX_NODES do many[i] = folder("n" .. i) end
    assert.has_error(function() tree.index(folder("a", many)) end)
    local deep = folder("d")
    for i = 1, tree.MAX_DEPTH do deep = folder("d" .. i, { deep }) end
    assert.has_error(function() tree.index(deep) end)
  end)
end)
