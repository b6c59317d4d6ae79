// live.js: keeps a page up to date. One WebSocket follows the topics that the page names in data-topic; an event makes
// the htmx element that shows the topic ask for its part again. Charts are drawn from data-chart after every swap.
(() => {
  "use strict";

  const body = document.body;
  const link = document.getElementById("link");
  const cursors = new Map(); // topic → id of the last event seen, given back after a lost connection
  let socket = null;
  let pause = 250;

  const topicsHere = () => new Set([...document.querySelectorAll("[data-topic]")].map((element) => element.dataset.topic));

  const show = (state) => { if (link) link.dataset.state = state; };

  const refresh = (topic) => {
    for (const element of document.querySelectorAll(`[data-topic="${CSS.escape(topic)}"]`)) {
      const target = element.closest("[hx-get]");
      if (!target) continue;
      clearTimeout(target.liveTimer); // many events at once are one request
      target.liveTimer = setTimeout(() => window.htmx.trigger(target, "live"), 60);
    }
  };

  const hear = (message) => {
    if (message.type === "subscribed") {
      cursors.set(message.topic, Math.max(message.cursor, cursors.get(message.topic) ?? 0));
    } else if (message.type === "event") {
      if (message.id <= (cursors.get(message.topic) ?? 0)) return; // came before: delivery is at least once
      cursors.set(message.topic, message.id);
      refresh(message.topic);
    } else if (message.type === "generation" && "reload" in body.dataset) {
      if (message.generation > Number(body.dataset.generation)) location.reload();
    }
  };

  const subscribe = () => {
    for (const topic of topicsHere()) {
      socket.send(JSON.stringify({ type: "subscribe", topic, after: cursors.get(topic) ?? null }));
    }
  };

  const connect = () => {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(`${scheme}//${location.host}/ws`, ["toolbox.v1"]);
    socket.onopen = () => {
      pause = 250;
      show("open");
      subscribe();
      // What happened while nobody listened is asked for once.
      for (const topic of topicsHere()) refresh(topic);
    };
    socket.onmessage = (event) => hear(JSON.parse(event.data));
    socket.onclose = (event) => {
      show("closed");
      if (event.code === 4401) { location.assign("/login"); return; }
      setTimeout(connect, pause * (0.5 + Math.random()));
      pause = Math.min(pause * 2, 10000);
    };
  };

  const tenths = Array.from({ length: 11 }, (_, i) => i * 10);

  const draw = () => {
    for (const place of document.querySelectorAll("[data-chart]")) {
      if (place.firstChild || !window.uPlot) continue;
      const style = getComputedStyle(place);
      const ink = style.getPropertyValue("color");
      const bars = window.uPlot.paths.bars({ size: [0.7, 60] });
      const axis = { stroke: ink, grid: { stroke: "rgba(128,128,128,.2)", width: 1 } };
      new window.uPlot({
        width: place.clientWidth, height: 190, cursor: { show: false }, legend: { show: false },
        scales: { x: { time: false, range: [-6, 106] }, y: { range: (_, low, high) => [0, Math.max(1, high)] } },
        axes: [
          { ...axis, values: (_, splits) => splits.map((value) => `${value} %`) },
          { ...axis, incrs: [1, 2, 5, 10, 20, 50], label: "results" },
        ],
        series: [{}, { fill: "rgba(53,88,212,.65)", stroke: "rgb(53,88,212)", paths: bars, points: { show: false } }],
      }, [tenths, JSON.parse(place.dataset.chart).map((n) => n || null)], place);
    }
  };

  document.addEventListener("htmx:afterSwap", draw);
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.requestConfig.verb !== "get") document.getElementById("notice").textContent = "";
  });
  draw();
  if ("live" in body.dataset) connect();
})();
