-- Lists on a district: whoever asks, with whatever filter and order, first page and next, PostgreSQL looks at about as
-- many rows as the page has. The district is small, but has what misleads a planner: a school of hundreds among
-- hundreds of small ones, and people who have nothing yet, for whom it must not look through what others have.

local db = require "model.db"
local district = require "model.district"
local game_server = require "model.game_server"
local id = require "util.id"
local json = require "host.json"
local lists = require "tests.support.lists"
local map = require "model.district_map"
local memory = require "model.memory"
local permission = require "model.permission"
local permissions = require "web.permission"
local place = require "model.place"
local plans = require "tests.support.plans"
local service = require "services.api"

-- Of big tables a page looks at this many rows at most, for who has a school of hundreds, and reads this many blocks.
local ROWS, BLOCKS, STATEMENTS = 400, 500, 3

-- More rows than that, and why.
local KNOWN = {
  listClassProgress = 700,     -- by time: all of a class are compared
  listLessons = 520,           -- by words: all of the school's lessons that have them
  listLessonDates = 560,       -- the school's lessons in an index alone, rather than twenty of them in the table
  listAssignments = 420,       -- by due date: those of the school before or after it
}

local SMALL = { first = 1000, schools = 300, teachers = 1, students = 16, classes = 1, lessons = 8, seats = 1, kept = 5,
  entries = 1 }
local LARGE = { first = 2000, schools = 1, teachers = 25, students = 700, classes = 4, lessons = 20, seats = 2,
  kept = 20, entries = 25 }

local function somebody(kind, shape, school)
  local count = kind == "teacher" and shape.teachers or kind == "student" and shape.students or 1
  return { id = map.id(kind, school * count), role = kind, school_id = map.id("school", school) }
end

local function newcomer(role, school_id)
  return { id = id.uuid(), role = role, school_id = school_id }
end

local PEOPLE = {
  somebody("teacher", LARGE, LARGE.first), somebody("student", LARGE, LARGE.first),
  somebody("parent", LARGE, LARGE.first), somebody("admin", LARGE, LARGE.first), somebody("admin", SMALL, 1003),
  newcomer("teacher", map.id("school", LARGE.first)), newcomer("student", map.id("school", LARGE.first)),
  newcomer("parent", map.id("school", LARGE.first)), newcomer("admin", id.uuid()), newcomer("admin", json.null),
}

local GUESSES = { uuid = { id.uuid() }, boolean = { true, false }, integer = { 1 }, text = { "plants", "zebras" },
  date = { "2026-02-10" }, time = { "2026-03-01T00:00:00Z" } }

-- What is wrong with a plan, or nil.
local function too_much(plan, rows)
  if plan.scanned then return "reads all of " .. plan.scanned end
  if plan.rows > rows then return ("looks at %d rows"):format(plan.rows) end
  if plan.blocks > BLOCKS then return ("reads %d blocks"):format(plan.blocks) end
end

-- What PostgreSQL is asked when every person asks a route in every way; how often somebody was answered.
local function statements_of(route)
  local asked, answered = {}, 0
  local function ask(asker, params, query)
    local sent, answer = plans.sent_by("education", function() return asker:ask(route, params, query) end)
    local question = ("%s?%s as %s"):format(route.label, asker.words(query), asker.who.role)
    assert(#sent <= STATEMENTS, question .. ": " .. #sent .. " statements")
    for _, statement in ipairs(sent) do asked[#asked + 1] = { question, statement } end
    answered = answered + (answer and 1 or 0)
    return asker.after(query, answer)
  end
  for _, who in ipairs(PEOPLE) do
    local asker = lists.asker(service, who, GUESSES)
    local params = asker:may(route) and asker:params(route)
    for _, query in ipairs(params and asker:queries(route) or {}) do
      local following = ask(asker, params, query)
      if following then ask(asker, params, following) end
    end
  end
  return asked, answered
end

-- The first of these statements that reads too much, and how.
local function fault(explainer, asked, rows)
  for _, one in ipairs(asked) do
    local question, statement = unpack(one)
    for _, plan in ipairs(explainer:explain(statement)) do
      local wrong = too_much(plan, rows)
      if wrong then
        return ("%s %s by the %s plan of:\n%s\n%s"):format(question, wrong, plan.mode, statement[1], plan.text)
      end
    end
  end
end

describe("on a district", function()
  setup(function()
    permissions.use(assert(permission.load()))
    assert(district.make({ SMALL, LARGE }, "no hash", function() end))
  end)

  for _, route in ipairs(lists.of(service)) do
    if lists.is_list(route) then
      it(route.label .. " reads about a page", function()
        local asked, answered = statements_of(route)
        assert.is_true(answered > 0, "nobody was answered")
        plans.explaining("education", function(explainer)
          assert.is_nil(fault(explainer, asked, KNOWN[route.id] or ROWS))
        end)
      end)
    else
      it(route.label .. " asks few statements", function() statements_of(route) end)
    end
  end

  local function blame_without(index, label)
    for _, route in ipairs(lists.of(service)) do
      if route.label == label then
        local asked, found = statements_of(route), nil
        plans.explaining("education", function(explainer)
          assert(explainer.conn:query("begin"))
          assert(explainer.conn:query("drop index " .. index))
          found = fault(explainer, asked, ROWS)
          assert(explainer.conn:query("rollback"))
        end)
        return found
      end
    end
  end

  it("a list that has lost its index is found out", function()
    assert.matches("data_requests", blame_without("data_requests_by_school", "GET /api/v1/data-requests"))
    assert.matches("looks at %d+ rows", blame_without("users_by_name", "GET /api/v1/users"))
    assert.matches("submissions", blame_without("submissions_by_teacher", "GET /api/v1/submissions"))
  end)
end)

-- The other databases: five thousand rows of fifty owners in each table that is listed.
local OWNER = "('d1571c70-0000-7000-8000-' || lpad(to_hex(n % 50), 12, '0'))::uuid"
local FILL = {
  roblox = {
    "insert into game_servers (id, user_id, class_id, name, key_hash) select gen_random_uuid(), %s,"
      .. " gen_random_uuid(), 'A server', sha256(('server ' || n)::bytea) from generate_series(1, 5000) n",
    "insert into deliveries (id, user_id, seq, key, lesson_id, tree) select gen_random_uuid(), %s, n, 'lesson ' || n,"
      .. " gen_random_uuid(), '{}' from generate_series(1, 5000) n",
  },
  memory = {
    "insert into memories (id, user_id, context, content, tokens) select gen_random_uuid(), %s, 'context ' || n %% 3,"
      .. " 'Plants need light', 3 from generate_series(1, 5000) n",
  },
}

describe("in the other databases", function()
  local owner = { id = "d1571c70-0000-7000-8000-000000000007", role = "teacher" }
  local questions = {
    { "roblox", "deliveries", function(who) return place.newest(who.id) end },
    { "roblox", "game servers", function(who) return game_server.list(who) end },
    { "memory", "memories", function(who) return memory.list(who, {}) end },
  }

  setup(function()
    for database, texts in pairs(FILL) do
      for _, text in ipairs(texts) do assert(db[database]:query(text:format(OWNER))) end
      assert(db[database].host:hold(function(conn) return conn:script("vacuum analyze") end, { pipeline = false }))
    end
  end)

  for _, question in ipairs(questions) do
    local database, name, list = unpack(question)
    it(name .. " are read by their owner alone", function()
      for _, who in ipairs { owner, newcomer("teacher") } do
        local sent = plans.sent_by(database, function() list(who) end)
        local asked = {}
        for i, statement in ipairs(sent) do asked[i] = { name, statement } end
        assert.is_true(#asked > 0)
        plans.explaining(database, function(explainer) assert.is_nil(fault(explainer, asked, ROWS)) end)
      end
    end)
  end
end)
