local factory = require "tests.support.factory"
local json = require "host.json"
local protocol = require "services.mcp.protocol"

local function ask(session, user, method, params)
  return protocol.handle(session, user, { jsonrpc = "2.0", id = 1, method = method, params = params }, "request")
end

local function hello(version)
  return { protocolVersion = version, capabilities = {}, clientInfo = { name = "spec", version = "1" } }
end

local function opened(user)
  local session = {}
  ask(session, user, "initialize", hello("2025-06-18"))
  return session
end

local function call(user, name, arguments)
  return ask(opened(user), user, "tools/call", { name = name, arguments = arguments }).result
end

describe("services.mcp.protocol", function()
  local group, lesson

  setup(function()
    require("web.permission").use(factory.must(require("model.permission").load()))
    group = factory.class { students = 1 }
    lesson = factory.lesson(group, "published")
  end)

  it("agrees on the asked version, else offers its newest", function()
    for _, version in ipairs({ "2025-11-25", "2025-06-18", "2025-03-26" }) do
      assert.equal(version, ask({}, group.teacher, "initialize", hello(version)).result.protocolVersion)
    end
    assert.equal("2025-11-25", ask({}, group.teacher, "initialize", hello("2024-11-05")).result.protocolVersion)
  end)

  it("wants the handshake first, and once", function()
    local session = {}
    assert.equal(-32600, ask(session, group.teacher, "tools/list").error.code)
    assert.same({}, ask(session, group.teacher, "ping").result)
    assert.is_table(ask(session, group.teacher, "initialize", hello("2025-06-18")).result)
    assert.equal(-32600, ask(session, group.teacher, "initialize", hello("2025-06-18")).error.code)
    assert.equal(-32602, ask({}, group.teacher, "initialize", {}).error.code)
  end)

  it("tells unknown methods, tools and cursors", function()
    local session = opened(group.teacher)
    assert.equal(-32601, ask(session, group.teacher, "server/discover").error.code)
    assert.equal(-32602, ask(session, group.teacher, "tools/call", { name = "nothing" }).error.code)
    assert.equal(-32602, ask(session, group.teacher, "tools/call", {}).error.code)
    assert.equal(-32602, ask(session, group.teacher, "tools/list", { cursor = "x" }).error.code)
  end)

  it("says nothing to notifications and responses", function()
    assert.is_nil(protocol.handle({}, group.teacher, { jsonrpc = "2.0", method = "notifications/initialized" },
      "notification"))
  end)

  it("lists tools by role, each with schemas and annotations, always in the same order", function()
    local function names(user)
      local list = {}
      for i, tool in ipairs(ask(opened(user), user, "tools/list").result.tools) do
        assert.equal("object", tool.inputSchema.type)
        assert.equal("object", tool.outputSchema.type)
        assert.is_boolean(tool.annotations.readOnlyHint)
        assert.truthy(tool.name:find("^[%w_]+$") and #tool.name <= 64)
        list[i] = tool.name
      end
      return table.concat(list, " ")
    end
    local all = names(group.teacher)
    for _, name in ipairs({ "search_lessons", "read_lesson", "generate_lesson", "read_progress" }) do
      assert.truthy(all:find(name, 1, true))
    end
    assert.is_nil(names(group.students[1]):find("generate_lesson", 1, true))
    assert.equal(all, names(group.teacher))
  end)

  it("gives structured results and the same as text", function()
    local result = call(group.teacher, "read_lesson", { lesson_id = lesson.id })
    assert.is_nil(result.isError)
    assert.equal("The water cycle", result.structuredContent.title)
    assert.equal(2, #result.structuredContent.questions)
    assert.same(result.structuredContent.title, json.decode(result.content[1].text).title)
  end)

  it("finds lessons that the caller may see, and no others", function()
    local found = call(group.teacher, "search_lessons", { query = "water" }).structuredContent.lessons
    assert.equal(lesson.id, found[1].id)
    assert.equal(0, #call(factory.person("teacher"), "search_lessons", { query = "water" }).structuredContent.lessons)
  end)

  it("tells bad arguments and failed work as results", function()
    local result = call(group.teacher, "read_lesson", { lesson_id = "x", more = 1 })
    assert.is_true(result.isError)
    assert.truthy(result.content[1].text:find("#/lesson_id: expected a UUID", 1, true))
    assert.truthy(result.content[1].text:find("#/more: unknown field", 1, true))
    assert.is_nil(result.structuredContent)
    result = call(factory.person("teacher"), "read_lesson", { lesson_id = lesson.id })
    assert.is_true(result.isError)
  end)

  it("hides answers from students", function()
    local result = call(group.students[1], "read_lesson", { lesson_id = lesson.id })
    for _, question in ipairs(result.structuredContent.questions) do assert.is_nil(question.answer) end
  end)

  it("reads the progress of a class for its keeper only", function()
    local result = call(group.teacher, "read_progress", { class_id = group.class.id })
    assert.equal(1, result.structuredContent.summary.students)
    assert.is_true(call(factory.person("teacher"), "read_progress", { class_id = group.class.id }).isError)
    assert.equal(-32602, ask(opened(group.students[1]), group.students[1], "tools/call",
      { name = "read_progress", arguments = { class_id = group.class.id } }).error.code)
  end)

  it("keeps a context for each person", function()
    local kept = call(group.teacher, "context_update", { content = "They like maps.", key = "likes" })
    assert.equal(4, kept.structuredContent.tokens)
    assert.equal("likes", call(group.teacher, "context_query", { text = "maps" }).structuredContent.entries[1].key)
    assert.equal(0, #call(group.students[1], "context_query", { text = "maps" }).structuredContent.entries)
    assert.equal(1, call(group.teacher, "context_clear", { keys = { "likes" } }).structuredContent.forgotten)
  end)
end)
