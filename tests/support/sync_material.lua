-- Material for the sync rules: one short lesson with a quiz and a scene, fresh at each call so that a spec may change
-- it.

local M = {}

function M.lesson()
  return {
    lesson = {
      id = "5b2c1f7e-9d1a-4a51-8a0e-0c6f0d8e4b11",
      title = "Water in motion",
      subject = "Science",
      grade = 5,
      version = 3,
      summary = "How water moves between sea, air and land.",
      objectives = { "Name the steps of the water cycle." },
      sections = {
        { heading = "Evaporation", body = "The sun warms the sea & water rises as vapour." },
        { heading = "Condensation", body = "Vapour cools into <drops>: a cloud.\nClouds drift." },
      },
      glossary = { { term = "Evaporation", definition = "The change of a liquid into a gas." } },
    },
    quiz = {
      questions = {
        {
          id = "q1", kind = "multiple_choice", prompt = "What warms the sea?", points = 2, answer = "b",
          choices = { { id = "a", text = "The moon" }, { id = "b", text = "The sun" }, { id = "c", text = "Wind" } },
        },
        { id = "q2", kind = "cloze", prompt = "Vapour cools into ____.", answer = "drops" },
      },
    },
    scene = {
      title = "By the sea",
      environment = "forest",
      stations = {
        { kind = "board", title = "Evaporation", text = "Water rises as vapour." },
        { kind = "term", title = "Condensation", text = "Vapour cools into drops." },
      },
    },
  }
end

return M
