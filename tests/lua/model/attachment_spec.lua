local attachment = require "model.attachment"
local db = require "model.db"
local factory = require "tests.support.factory"
local grading = require "model.grading"
local media = require "model.media"
local submission = require "model.submission"

local must = factory.must

local function code_of(_, err) return err and err.code end

-- The row of a file that has come; what lies in the store is nothing to these rules.
local function file(owner)
  local begun = must(media.begin(owner, "a.png"))
  return must(media.complete(owner, begun.id,
    { name = "a.png", type = "image/png", octets = 4, digest = ("0"):rep(64) }, 1000))
end

local function ids(list)
  local found = {}
  for i, item in ipairs(must(list).items) do found[i] = item.id end
  return found
end

describe("a file beside something", function()
  local group, other, teacher, student, stranger

  setup(function()
    group, other = factory.class { students = 2 }, factory.class()
    teacher, student, stranger = group.teacher, group.students[1], other.students[1]
  end)

  it("is read by whoever sees the lesson, and by nobody before or after", function()
    local lesson = factory.lesson(group, "published")
    local made = file(teacher)
    assert.are.equal("not_found", code_of(media.find(student, made.id)))
    must(attachment.attach(teacher, "lesson", lesson.id, made.id))
    must(attachment.attach(teacher, "lesson", lesson.id, made.id))
    assert.are.same({ made.id }, ids(attachment.list(student, "lesson", lesson.id)))
    assert.are.equal(made.id, must(media.find(student, made.id)).id)
    assert.are.equal("not_found", code_of(media.find(stranger, made.id)))
    assert.are.equal("not_found", code_of(attachment.list(stranger, "lesson", lesson.id)))
    assert.are.equal("forbidden", code_of(media.delete(student, made.id)))
    assert.are.equal(0, #must(media.list(student, {})).items)
    must(attachment.detach(teacher, "lesson", lesson.id, made.id))
    assert.are.equal("not_found", code_of(attachment.detach(teacher, "lesson", lesson.id, made.id)))
    assert.are.equal("not_found", code_of(media.find(student, made.id)))
  end)

  it("is put there by who keeps the thing and may use the file", function()
    local made, foreign = file(teacher), file(other.teacher)
    for _, kind in ipairs { "lesson", "assignment", "class" } do
      local thing = kind == "lesson" and factory.lesson(group, "published")
        or kind == "assignment" and factory.assignment(group) or group.class
      assert.are.equal("forbidden", code_of(attachment.attach(student, kind, thing.id, made.id)))
      assert.are.equal("not_found", code_of(attachment.attach(other.teacher, kind, thing.id, foreign.id)))
      assert.are.equal("not_found", code_of(attachment.attach(teacher, kind, thing.id, foreign.id)))
      must(attachment.attach(teacher, kind, thing.id, made.id))
      assert.are.same({ made.id }, ids(attachment.list(student, kind, thing.id)))
      must(media.find(student, made.id))
    end
  end)

  it("comes with a student's work until that is graded, and with the teacher's feedback", function()
    local given = factory.assignment(group)
    local work = must(submission.hand_in(student, given.id, "see the picture"))
    local picture, note = file(student), file(teacher)
    must(attachment.attach(student, "submission", work.id, picture.id))
    must(attachment.attach(teacher, "submission", work.id, note.id))
    assert.are.equal(picture.id, must(media.find(teacher, picture.id)).id)
    assert.are.equal(note.id, must(media.find(student, note.id)).id)
    assert.are.equal("not_found", code_of(media.find(group.students[2], picture.id)))
    assert.are.equal("not_found", code_of(attachment.list(group.students[2], "submission", work.id)))
    assert.are.equal("not_found", code_of(attachment.detach(student, "submission", work.id, note.id)))
    must(grading.grade(teacher, work.id, { score = 5 }))
    assert.are.equal("forbidden", code_of(attachment.detach(student, "submission", work.id, picture.id)))
    must(attachment.detach(teacher, "submission", work.id, picture.id))
  end)

  it("is one of fifty at most", function()
    local given = factory.assignment(group)
    must(db.education:run({ "insert into media (id, owner_id, school_id, state, name, type, octets, digest) select"
      .. " gen_random_uuid(), ?::uuid, ?::uuid, 'ready', 'many', 'image/png', 1, 'x' from generate_series(1, 50)",
      teacher.id, teacher.school_id }))
    must(db.education:run({ "insert into attachments (assignment_id, media_id) select ?::uuid, f.id from media f where"
      .. " f.name = 'many' and f.owner_id = ?::uuid", given.id, teacher.id }))
    assert.are.equal("conflict", code_of(attachment.attach(teacher, "assignment", given.id, file(teacher).id)))
  end)

  it("keeps a file that would be given up, from when it was taken away as well", function()
    local given, made = factory.assignment(group), file(teacher)
    must(attachment.attach(teacher, "assignment", given.id, made.id))
    must(db.education:run("alter table media disable trigger media_touch"))
    must(db.education:run({ "update media set updated_at = now() - interval '2 days' where id = ?::uuid", made.id }))
    must(db.education:run("alter table media enable trigger media_touch"))
    must(media.sweep(86400))
    must(media.find(teacher, made.id))
    must(attachment.detach(teacher, "assignment", given.id, made.id))
    must(media.sweep(86400))
    must(media.find(teacher, made.id))
  end)
end)
