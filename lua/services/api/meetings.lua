-- services/api/meetings.lua: when a class meets, and who was there.

local answer = require "web.answer"
local attendance = require "model.attendance"
local cursor = require "web.cursor"
local guard = require "web.guard"
local meeting = require "model.meeting"
local schema = require "web.schema"
local shapes = require "services.api.shapes"

local describe, nullable, optional = schema.describe, schema.nullable, schema.optional

local fields = {
  weekday = describe(schema.integer(1, 7), "1 is Monday, 7 is Sunday"),
  starts_at = describe(schema.text(5, 5, {
    pattern = "[0-2]%d:[0-5]%d", json_pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$",
    pattern_says = "expected a time of day such as 09:30", example = "09:30",
  }), "By the clock of the time zone"),
  minutes = schema.integer(5, 600), time_zone = shapes.time_zone, from_date = schema.date(),
}

local Settable = schema.extend(schema.object(fields), {
  room = optional(schema.text(0, 100)), until_date = optional(schema.date()),
})

local Change = schema.partial(Settable)

local New = schema.extend(Settable, { class_id = schema.id(shapes.CLASSES) })

local Meeting = schema.named("Meeting", schema.extend(schema.object(fields), {
  id = schema.id(shapes.MEETINGS), class_id = schema.id(shapes.CLASSES), room = schema.text(0, 100),
  until_date = nullable(schema.date()), created_at = schema.time(), updated_at = schema.time(),
}))

local states = schema.enum { "present", "late", "absent", "excused" }

local Marks = schema.object {
  entries = schema.array(schema.object {
    student_id = schema.id(shapes.USERS), state = states, note = optional(schema.multiline(0, 500)),
  }, 1, attendance.MOST),
}

local Sheet = schema.named("AttendanceSheet", schema.object {
  meeting_id = schema.id(shapes.MEETINGS), date = schema.date(),
  items = schema.array(schema.object {
    student_id = schema.id(shapes.USERS), name = shapes.name, state = nullable(states), note = schema.multiline(0, 500),
    marked_at = nullable(schema.time()),
  }, 0, 1000),
})

local Attendance = schema.named("Attendance", schema.object {
  meeting_id = schema.id(shapes.MEETINGS), class_id = schema.id(shapes.CLASSES), class_name = shapes.name,
  date = schema.date(), state = states, note = schema.multiline(0, 500), marked_at = schema.time(),
})

-- "24:00" and later hours have the right shape and are no time of day.
local function check_time(body)
  if body.starts_at and body.starts_at > "23:59" then
    return nil, { code = "invalid", field = "starts_at", message = "expected a time of day such as 09:30" }
  end
  return true
end

---@param req api.listMeetings
local function list(req)
  return cursor.list(req, function(page) return meeting.list(req.user, req.query, page) end)
end

---@param req api.createMeeting
local function create(req)
  local ok, err = check_time(req.body)
  if not ok then return nil, err end
  return meeting.create(req.user, req.body)
end

---@param req api.showMeeting
local function show(req)
  return meeting.find(req.user, req.params.meeting_id)
end

---@param req api.changeMeeting
local function change(req)
  local ok, err = check_time(req.body)
  if not ok then return nil, err end
  return meeting.update(req.user, req.params.meeting_id, req.body, req.revision)
end

---@param req api.deleteMeeting
local function delete(req)
  return answer.done(meeting.delete(req.user, req.params.meeting_id, req.revision))
end

---@param req api.showAttendance
local function sheet(req)
  return attendance.sheet(req.user, req.params.meeting_id, req.params.date)
end

---@param req api.markAttendance
local function mark(req)
  return attendance.mark(req.user, req.params.meeting_id, req.params.date, req.body.entries)
end

---@param req api.listAttendance
local function of_student(req)
  return cursor.list(req, function(page)
    return attendance.of_student(req.user, req.params.user_id, req.query, page)
  end)
end

local signed_in, role = guard.signed_in, guard.role
local tags = { "Classes" }
local by_id = { meeting_id = schema.id(shapes.MEETINGS), date = schema.date() }

return {
  ["/meetings"] = {
    GET = { "List when one's classes meet", signed_in(list), out = schema.list(Meeting),
      query = cursor.query({}, { class_id = optional(schema.id(shapes.CLASSES)) }), id = "listMeetings", tags = tags },
    POST = { "Let a class meet every week", role("teacher", create), body = New, out = Meeting, creates = true,
      id = "createMeeting", tags = tags },
  },
  ["/meetings/{meeting_id}"] = {
    GET = { "Show a meeting", signed_in(show), params = by_id, out = Meeting, id = "showMeeting", tags = tags },
    PATCH = { "Change a meeting", role("teacher", change), params = by_id, body = Change, out = Meeting,
      errors = { "forbidden" }, id = "changeMeeting", tags = tags },
    DELETE = { "Delete a meeting with its attendance", role("teacher", delete), params = by_id, id = "deleteMeeting",
      tags = tags },
  },
  ["/meetings/{meeting_id}/attendance/{date}"] = {
    GET = { "Show who was there", role("teacher", sheet), params = by_id, out = Sheet, tagged = true,
      id = "showAttendance", tags = tags },
    PUT = { "Mark who was there", role("teacher", mark), params = by_id, body = Marks, out = Sheet, tagged = true,
      id = "markAttendance", tags = tags, description = "Students who are not named stay as they are." },
  },
  ["/users/{user_id}/attendance"] = {
    GET = { "List a student's attendance", signed_in(of_student), params = { user_id = schema.id(shapes.USERS) },
      query = cursor.query({}, {
        class_id = optional(schema.id(shapes.CLASSES)), from = optional(schema.date()), to = optional(schema.date()),
      }), out = schema.list(Attendance), id = "listAttendance", tags = tags },
  },
}
