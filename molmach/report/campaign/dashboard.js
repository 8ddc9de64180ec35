// Looks every two seconds whether the report was drawn anew, and puts it in place without moving the page.
let shown = null;

async function look() {
  const line = document.getElementById("live");
  let over = false;
  try {
    const state = await (await fetch("state")).json();
    if (shown !== null && state.version !== shown) {
      const page = new DOMParser().parseFromString(await (await fetch(".")).text(), "text/html");
      const open = [...document.querySelectorAll("main details")].map((part) => part.open);
      document.querySelector("main").replaceWith(page.querySelector("main"));
      document.querySelectorAll("main details").forEach((part, k) => { part.open = open[k] ?? false; });
    }
    shown = state.version;
    over = state.over;
    line.textContent = state.text;
  } catch {
    line.textContent = "molmach campaign watch has ended; this is the last that it showed";
    over = true;
  }
  if (!over) setTimeout(look, 2000);
}

addEventListener("DOMContentLoaded", look);
