local diff = require "sync.diff"
local material = require "tests.support.sync_material"
local rules = require "sync.rules"
local tree = require "sync.tree"

local function find(root, id)
  return assert(tree.index(root)[id], "no instance " .. id).node
end

local BASE = "lesson:" .. material.lesson().lesson.id

describe("sync.rules", function()
  it("makes one folder per lesson, with what each rule adds", function()
    local root = rules.build(material.lesson())
    assert.equal("Water in motion", root.name)
    local names = {}
    for i, child in ipairs(root.children) do names[i] = child.name end
    assert.same({ "Lesson", "Quiz", "By the sea" }, names)
    assert.equal(material.lesson().lesson.id, root.attributes.Lesson)
  end)

  it("makes the same tree of the same material", function()
    local patch = diff.compare(tree.place({ rules.build(material.lesson()) }),
      tree.place({ rules.build(material.lesson()) }))
    assert.is_true(diff.is_empty(patch))
  end)

  it("gives a small patch for a small change", function()
    local changed = material.lesson()
    changed.lesson.sections[1].body = "Rewritten."
    local patch = diff.compare(tree.place({ rules.build(material.lesson()) }), tree.place({ rules.build(changed) }))
    assert.equal(0, #patch.removed)
    assert.equal(0, #patch.added)
    assert.same({ { id = BASE .. "/text/section:1", properties = { Value = { String = "Rewritten." } } } },
      patch.updated)
  end)

  it("leaves out a rule that does not apply", function()
    local only_text = material.lesson()
    only_text.quiz, only_text.scene = nil, nil
    assert.equal(1, #rules.build(only_text).children)
  end)
end)

describe("sync.lesson", function()
  it("keeps the words whole and in order", function()
    local root = rules.build(material.lesson())
    local section = find(root, BASE .. "/text/section:2")
    assert.equal("02 Condensation", section.name)
    assert.same({ String = material.lesson().lesson.sections[2].body }, section.properties.Value)
    assert.same({ String = "The change of a liquid into a gas." },
      find(root, BASE .. "/text/term:1").properties.Value)
  end)
end)

describe("sync.quiz", function()
  it("never writes which choice is right", function()
    tree.walk(rules.build(material.lesson()), function(node)
      for name in pairs(node.attributes) do
        assert.is_nil(name:lower():find("correct") or name:lower():find("answer"))
      end
      assert.is_nil(node.name:lower():find("correct"))
    end)
    -- The material has the key; the same material without it must give the same tree.
    local without = material.lesson()
    for _, question in ipairs(without.quiz.questions) do question.answer = nil end
    local patch = diff.compare(tree.place({ rules.build(material.lesson()) }), tree.place({ rules.build(without) }))
    assert.is_true(diff.is_empty(patch))
  end)

  it("keeps question and choice ids, by which answers are reported", function()
    local root = rules.build(material.lesson())
    local question = find(root, BASE .. "/quiz/question:q1")
    assert.equal("q1", question.attributes.Question)
    assert.equal("b", find(root, BASE .. "/quiz/question:q1/choice:2").attributes.Choice)
  end)
end)

describe("sync.scene", function()
  -- Where a part stands, and where its front (-Z in its own frame) looks.
  local function pose(node)
    local frame = node.properties.CFrame.CFrame
    local p, o = frame.position, frame.orientation
    return { x = p[1], z = p[3], look_x = -o[1][3], look_z = -o[3][3] }
  end

  local function boards(root)
    local found = {}
    tree.walk(root, function(node)
      if node.class == "Part" and node.properties.Size.Vector3[1] == 16 then table.insert(found, node) end
    end)
    return found
  end

  it("turns every board to the spawn", function()
    local found = boards(rules.build(material.lesson()))
    assert.equal(4, #found)
    for _, board in ipairs(found) do
      local at = pose(board)
      local distance = math.sqrt(at.x ^ 2 + at.z ^ 2)
      assert.near(-at.x / distance, at.look_x, 1e-9)
      assert.near(-at.z / distance, at.look_z, 1e-9)
    end
  end)

  it("leaves room between boards, however many there are", function()
    local many = material.lesson()
    for i = 1, 24 do many.scene.stations[i] = { kind = "board", title = "Stop " .. i, text = "Text" } end
    for i = 1, 16 do many.quiz.questions[i] = { id = "q" .. i, kind = "cloze", prompt = "What?" } end
    local found = boards(rules.build(many))
    assert.equal(40, #found)
    for i = 2, #found do
      local a, b = pose(found[i - 1]), pose(found[i])
      assert.is_true(math.sqrt((a.x - b.x) ^ 2 + (a.z - b.z) ^ 2) > 16)
    end
  end)

  it("puts a question's buttons in order from the reader's left, nearer than the board", function()
    local root = rules.build(material.lesson())
    local scene = BASE .. "/scene/question:q1"
    local board = pose(find(root, scene .. "/board"))
    local last
    for _, choice in ipairs({ "a", "b", "c" }) do
      local at = pose(find(root, scene .. "/choice:" .. choice))
      local ahead = (at.x - board.x) * board.look_x + (at.z - board.z) * board.look_z
      assert.near(2, ahead, 1e-9)
      -- The reader looks at the board's front: the reader's right is the direction (look_z, -look_x).
      local right = at.x * board.look_z - at.z * board.look_x
      if last then assert.is_true(right > last) end
      last = right
    end
  end)

  it("tells the game module what a prompt means", function()
    local prompt = find(rules.build(material.lesson()), BASE .. "/scene/question:q1/choice:b/prompt")
    assert.same({ Event = "answered", Question = "q1", Choice = "b" }, prompt.attributes)
  end)

  it("shortens on the board only, at a word's end", function()
    local long = material.lesson()
    long.scene.stations[1].text = ("evaporation "):rep(100)
    local root = rules.build(long)
    local shown = find(root, BASE .. "/scene/station:1/body").properties.Text.String
    assert.is_true(#shown <= 705)
    assert.equal("evaporation …", shown:match("%S+ …$"))
  end)

  it("looks like a classroom where the environment is unknown", function()
    local odd, plain = material.lesson(), material.lesson()
    odd.scene.environment, plain.scene.environment = "volcano", "classroom"
    assert.same(find(rules.build(plain), BASE .. "/scene/ground").properties,
      find(rules.build(odd), BASE .. "/scene/ground").properties)
  end)
end)
