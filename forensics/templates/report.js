(() => {
  "use strict";
  const button = (words, label, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = words;
    if (label) made.setAttribute("aria-label", label);
    made.addEventListener("click", () => act(made));
    return made;
  };
  for (const box of document.querySelectorAll(".command")) {
    const code = box.querySelector("code");
    box.append(button("Copy", "Copy this command", async (made) => {
      try {
        await navigator.clipboard.writeText(code.textContent);
      } catch {
        getSelection().selectAllChildren(code);
        document.execCommand("copy");
      }
      made.textContent = "Copied";
      setTimeout(() => { made.textContent = "Copy"; }, 1500);
    }));
  }
  const plot = document.querySelector(".plot");
  const lanes = plot && plot.querySelector("svg.lanes");
  if (lanes) {
    let zoom = 1;
    const [from, until] = [Number(lanes.dataset.from), Number(lanes.dataset.to)];
    const ahead = lanes.dataset.ahead;
    const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800];
    const add = (kind, words, where) => {
      const made = document.createElementNS("http://www.w3.org/2000/svg", kind);
      for (const [key, value] of Object.entries(where)) made.setAttribute(key, value);
      made.textContent = words;
      lanes.append(made);
    };
    const label = (time, step) => new Date(time).toISOString().slice(11, step < 60 ? 19 : 16);
    const ticks = () => {
      // A closer look needs closer times: the axis is drawn anew for what fits on one screen.
      lanes.classList.toggle("zoomed", zoom > 1);
      for (const old of lanes.querySelectorAll(".closer")) old.remove();
      if (zoom === 1) return;
      const step = steps.find((one) => (until - from) / 1000 / zoom / one <= 8) || 604800;
      for (let time = Math.ceil(from / step / 1000) * step * 1000; time < until; time += step * 1000) {
        const x = `${100 * (time - from) / (until - from)}%`;
        add("line", "", { class: "grid closer", x1: x, x2: x, y1: 36, y2: lanes.getAttribute("height") });
        const day = time % 86400000 ? "" : `${new Date(time).toUTCString().slice(5, 11)} `;
        add("text", `${day}${label(time, step)}Z`, { class: "tick closer", x, y: 14 });
        if (ahead) add("text", label(time + ahead * 60000, step), { class: "tick closer", x, y: 30 });
      }
    };
    const to = (next) => {
      const middle = (plot.scrollLeft + plot.clientWidth / 2) / (plot.clientWidth * zoom);
      zoom = Math.min(Math.max(next, 1), 64);
      lanes.setAttribute("width", `${zoom * 100}%`);
      ticks();
      plot.scrollLeft = middle * plot.clientWidth * zoom - plot.clientWidth / 2;
    };
    const bar = document.createElement("p");
    bar.className = "zoom";
    bar.append(button("Closer", "Zoom the timeline in", () => to(zoom * 2)), " ",
      button("Wider", "Zoom the timeline out", () => to(zoom / 2)), " ",
      button("Whole", "Show the whole timeline", () => to(1)));
    plot.parentElement.before(bar);
    plot.addEventListener("keydown", (event) => {
      if (event.key === "+" || event.key === "=") to(zoom * 2);
      else if (event.key === "-") to(zoom / 2);
      else if (event.key === "0") to(1);
    });
    addEventListener("beforeprint", () => to(1));
  }
  const open = (name) => {
    for (let at = document.getElementById(name); at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
  };
  addEventListener("hashchange", () => open(decodeURIComponent(location.hash.slice(1))));
  addEventListener("beforeprint", () => { for (const one of document.querySelectorAll("details:not(.rest)")) one.open = true; });
})();
