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
    const to = (next) => {
      const middle = (plot.scrollLeft + plot.clientWidth / 2) / (plot.clientWidth * zoom);
      zoom = Math.min(Math.max(next, 1), 64);
      lanes.setAttribute("width", `${zoom * 100}%`);
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
