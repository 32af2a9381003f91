"use strict";
// All of this can be done without it: it saves keys and clicks.

const field = document.querySelector("#q");

// ------------------------------------------------------------- answers as one types

const form = document.querySelector("#ask");
const answer = document.querySelector("#answer");
if (form && answer) {
  const told = document.querySelector("#told");
  const start = new URLSearchParams(location.search).has("q") ? "" : answer.innerHTML;
  let waiting = 0;
  let under_way = new AbortController();

  const asked = () => {
    const values = new URLSearchParams(new FormData(form));
    for (const [name, value] of [...values]) {
      if (!value.trim() || (name === "mode" && value === "hybrid")) values.delete(name);
    }
    return values;
  };

  const ask = async () => {
    under_way.abort();
    under_way = new AbortController();
    const { signal } = under_way;
    const values = asked();
    const address = values.size ? `/?${values}` : "/";
    if (!values.has("q")) {
      history.replaceState(null, "", address);
      answer.innerHTML = start;
      answer.removeAttribute("aria-busy");
      told.textContent = "";
      return;
    }
    answer.setAttribute("aria-busy", "true");
    try {
      values.set("fragment", "1");
      const response = await fetch(`/?${values}`, { signal });
      const shown = await response.text();
      if (!response.headers.get("content-type")?.startsWith("text/html")) throw new Error(shown);
      answer.innerHTML = shown; // the server has escaped all that is not its own
      history.replaceState(null, "", address);
      document.title = `${values.get("q")} · indexer`;
      const count = answer.querySelectorAll(".hit").length;
      const said = (answer.querySelector(".error") ?? answer.querySelector("h1")).textContent;
      told.textContent = `${said} ${count} passage${count === 1 ? "" : "s"}.`;
    } catch (error) {
      if (signal.aborted) return;
      answer.textContent = "The server did not answer; press Enter to ask again.";
    }
    answer.removeAttribute("aria-busy");
  };

  field.addEventListener("input", (event) => {
    clearTimeout(waiting);
    if (!event.isComposing) waiting = setTimeout(ask, 180);
  });
  field.addEventListener("compositionend", ask);
  form.addEventListener("change", (event) => {
    if (event.target !== field) ask();
  });
}

// ------------------------------------------------------------------------- the keys

const step = (by) => {
  const steps = [...document.querySelectorAll(".step")];
  const at = steps.indexOf(document.activeElement);
  if (by < 0 && at === 0 && field) {
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
    return;
  }
  const next = at < 0 ? steps.at(by > 0 ? 0 : -1) : steps[at + by];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const active = document.activeElement;
  const writing = active?.matches("input, select, textarea");
  const among = active === field || active?.matches(".step");
  const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (move && among && !(active === field && move < 0)) {
    event.preventDefault();
    step(move);
  } else if (!writing && event.key === "/") {
    event.preventDefault();
    field?.focus();
    field?.select();
  } else if (!writing && (event.key === "j" || event.key === "k")) {
    step(event.key === "j" ? 1 : -1);
  }
});

// -------------------------------------------------------------------------- the map

const map = document.querySelector("#map");
if (map) {
  const named = document.querySelector("#named");
  const whole = { ...box(map.viewBox.baseVal) };
  let dragged = null;

  function box({ x, y, width, height }) {
    return { x, y, width, height };
  }

  const show = ({ x, y, width, height }) => {
    const wide = Math.min(width, whole.width);
    const high = Math.min(height, whole.height);
    const left = Math.min(Math.max(x, 0), whole.width - wide);
    const top = Math.min(Math.max(y, 0), whole.height - high);
    map.setAttribute("viewBox", `${left} ${top} ${wide} ${high}`);
    map.classList.toggle("near", wide < whole.width);
  };

  const zoom = (by, across = 0.5, down = 0.5) => {
    const now = box(map.viewBox.baseVal);
    const width = Math.max(now.width * by, whole.width / 12);
    const height = (width * whole.height) / whole.width;
    show({ x: now.x + (now.width - width) * across, y: now.y + (now.height - height) * down, width, height });
  };

  document.querySelector(".tools").hidden = false;
  document.querySelector(".tools").addEventListener("click", (event) => {
    const by = event.target.dataset.zoom;
    if (by !== undefined) Number(by) ? zoom(Number(by)) : show(whole);
  });
  map.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const place = map.getBoundingClientRect();
    const across = (event.clientX - place.x) / place.width;
    zoom(event.deltaY > 0 ? 1.15 : 0.87, across, (event.clientY - place.y) / place.height);
  }, { passive: false });
  map.addEventListener("pointerdown", (event) => {
    if (map.classList.contains("near")) dragged = { x: event.clientX, y: event.clientY, far: false };
  });
  addEventListener("pointermove", (event) => {
    if (!dragged) return;
    const scale = map.viewBox.baseVal.width / map.getBoundingClientRect().width;
    const [right, down] = [event.clientX - dragged.x, event.clientY - dragged.y];
    dragged.far ||= Math.hypot(right, down) > 4;
    if (!dragged.far) return;
    const now = box(map.viewBox.baseVal);
    show({ ...now, x: now.x - right * scale, y: now.y - down * scale });
    [dragged.x, dragged.y] = [event.clientX, event.clientY];
  });
  addEventListener("pointerup", () => setTimeout(() => { dragged = null; }));
  map.addEventListener("click", (event) => {
    if (dragged?.far) event.preventDefault();
  }, true);
  map.addEventListener("dragstart", (event) => event.preventDefault());
  for (const kind of ["pointerover", "focusin"]) {
    map.addEventListener(kind, (event) => {
      const title = event.target.closest("a")?.querySelector("title");
      if (title) named.textContent = title.textContent;
    });
  }
}
