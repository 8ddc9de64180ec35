// The film of a run: frames in the molecular viewer, linked with the plot of the motion.
"use strict";
(() => {
  const film = JSON.parse(document.getElementById("film").textContent);
  const element = (name) => document.getElementById(name);
  const [stage, scrub, play, look, now] = ["stage", "scrub", "play", "look", "now"].map(element);
  const [plot, line, dot] = ["plot", "line", "dot"].map(element);
  const [firstTime, lastTime, least, greatest] = film.limits;
  const last = film.frames - 1;
  const atoms = film.elements.length;

  // Told apart from the parts, whose colours the sticks and the carbon atoms have.
  const HETERO = { N: "#2f3be6", O: "#c4001a", F: "#35e0d8", Cl: "#b8e000", Br: "#7d3a12", I: "#5d1487",
    S: "#f0d81e", P: "#8f8a00", Si: "#e6d3b8" };
  const STICK = 0.14, BALL = 0.32, HYDROGEN = 0.18, BEAD = 1.5; // radii, angstrom
  const CAMERA = 150, HALF_VIEW = Math.PI / 18; // the viewer's own: camera's distance, half its field of view
  const TILT = film.axial ? 0.45 : 1.15; // of the axle towards the reader, rad

  /** Coordinates of all frames, angstrom: [frame][atom] = [x, y, z]. */
  const coordinates = (() => {
    const bytes = Uint8Array.from(atob(film.coordinates), (c) => c.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    const at = (frame, atom, axis) => film.step * view.getInt16(2 * (3 * (frame * atoms + atom) + axis), true);
    return Array.from({ length: film.frames }, (_, f) =>
      Array.from({ length: atoms }, (_, a) => [at(f, a, 0), at(f, a, 1), at(f, a, 2)]));
  })();
  /** Length of the arrow of the strongest field: somewhat more than the rotor reaches from the axle. */
  const arrow = coordinates.reduce((greatest, frame) => frame.reduce((far, [x, y], a) =>
    film.parts[a] === "rotor" ? Math.max(far, 1.3 * Math.hypot(x, y)) : far, greatest), 3);
  const arrows = (film.field || []).map((field) => field.map((share) => share * arrow));
  const places = [...coordinates.flat(), ...arrows];
  const ends = [0, 1, 2].map((axis) => places.reduce(
    ([low, high], place) => [Math.min(low, place[axis]), Math.max(high, place[axis])], [0, 0]));
  const centre = ends.map(([low, high]) => (low + high) / 2);

  const colour = (part) => getComputedStyle(document.documentElement).getPropertyValue(`--${part}`).trim();

  function style(a) {
    const part = colour(film.parts[a]), kind = film.elements[a];
    if (kind === "bead") return { sphere: { radius: BEAD, color: part }, stick: { radius: 0.5, color: part } };
    const ball = { radius: kind === "H" ? HYDROGEN : BALL, color: HETERO[kind] || part };
    return { sphere: ball, stick: { radius: STICK, color: part } };
  }

  function makeViewer() {
    const canvas = document.createElement("canvas");
    if (!window.$3Dmol || !(canvas.getContext("webgl2") || canvas.getContext("webgl"))) {
      stage.textContent = "This browser draws nothing in 3-D (no WebGL); the plot works without.";
      stage.classList.add("blank");
      look.hidden = true;
      return null;
    }
    const viewer = $3Dmol.createViewer(stage, { backgroundColor: "black", backgroundAlpha: 0, antialias: true, disableFog: true });
    const model = viewer.addModel();
    const bonds = film.elements.map(() => []);
    for (const [i, j] of film.bonds) { bonds[i].push(j); bonds[j].push(i); }
    model.addAtoms(film.elements.map((kind, a) => ({
      elem: kind === "bead" ? "C" : kind, bonds: bonds[a], bondOrder: bonds[a].map(() => 1),
      x: coordinates[0][a][0], y: coordinates[0][a][1], z: coordinates[0][a][2],
    })));
    model.setCoordinates(coordinates, "array");
    return { viewer, model, shape: null };
  }

  function paint() {
    if (!shown) return;
    for (let a = 0; a < atoms; a++) shown.model.setStyle({ index: a }, style(a));
    draw();
  }

  /** Look at the machine with its axle tilted from the line of sight, near enough to fill the stage. */
  function aim(tilt) {
    if (!shown) return;
    const [c, s, slope] = [Math.cos(tilt), Math.sin(tilt), Math.tan(HALF_VIEW)];
    const aspect = stage.clientWidth / stage.clientHeight;
    const margin = 0.5 + (film.elements[0] === "bead" ? BEAD : BALL);
    const distance = places.reduce((greatest, place) => {
      const [x, y, z] = place.map((value, axis) => value - centre[axis]);
      const [across, up, near] = [Math.abs(x) + margin, Math.abs(c * y + s * z) + margin, c * z - s * y];
      return Math.max(greatest, near + Math.max(up, across / aspect) / slope);
    }, 0);
    shown.viewer.setView([...centre.map((value) => -value), CAMERA - distance, -Math.sin(tilt / 2), 0, 0, Math.cos(tilt / 2)]);
  }

  function draw() {
    if (!shown) return;
    shown.model.setFrame(frame);
    if (film.field) {
      if (shown.shape) shown.viewer.removeShape(shown.shape);
      const [x, y, z] = arrows[frame];
      shown.shape = Math.hypot(x, y, z) < 0.3 ? null : shown.viewer.addArrow({
        start: { x: 0, y: 0, z: 0 }, end: { x, y, z }, radius: 0.13, radiusRatio: 2.4, mid: 0.84,
        color: colour("field") });
    }
    shown.viewer.render();
  }

  const digits = film.time[Math.min(1, last)] % 1 ? 1 : 0;
  function words() {
    const events = film.events ? `, ${film.events.counts[frame]} ${film.events.name}` : "";
    const unit = film.unit === "turn" ? "turns" : "nm";
    const motion = film.motion[frame].toFixed(2).replace(/^-(0\.00)$/, "$1");
    return `${film.time[frame].toFixed(digits)} ps, ${motion} ${unit}${events}`;
  }

  function show(number) {
    frame = Math.max(0, Math.min(last, Math.round(number)));
    scrub.value = frame;
    scrub.setAttribute("aria-valuetext", words());
    now.textContent = words();
    line.style.left = dot.style.left = `${100 * (film.time[frame] - firstTime) / (lastTime - firstTime || 1)}%`;
    dot.style.top = `${100 * (greatest - film.motion[frame]) / (greatest - least || 1)}%`;
    draw();
  }

  function setPlaying(wanted) {
    playing = wanted;
    play.textContent = playing ? "Pause" : "Play";
    since = null;
    if (playing) requestAnimationFrame(advance);
  }

  function advance(time) {
    if (!playing) return;
    since = since ?? time;
    const due = Math.floor((time - since) * film.rate / 1000);
    if (due > 0) {
      since = time;
      if (visible) show((frame + due) % film.frames);
    }
    requestAnimationFrame(advance);
  }

  /** Seek to the frame nearest to a place of the pointer over the plot. */
  function seek(event) {
    const area = plot.getBoundingClientRect();
    const wanted = firstTime + (lastTime - firstTime) * (event.clientX - area.left) / area.width;
    const away = film.time.map((time) => Math.abs(time - wanted));
    setPlaying(false);
    show(away.indexOf(Math.min(...away)));
  }

  let frame = 0, playing = false, since = null, visible = true;
  const shown = makeViewer();
  scrub.max = last;
  aim(TILT);
  paint();
  show(0);

  play.addEventListener("click", () => setPlaying(!playing));
  scrub.addEventListener("input", () => { setPlaying(false); show(Number(scrub.value)); });
  plot.addEventListener("pointerdown", (event) => { plot.setPointerCapture(event.pointerId); seek(event); });
  plot.addEventListener("pointermove", (event) => { if (plot.hasPointerCapture(event.pointerId)) seek(event); });
  look.addEventListener("click", () => {
    const along = look.getAttribute("aria-pressed") !== "true";
    look.setAttribute("aria-pressed", along);
    aim(along ? 0 : TILT);
  });
  // The wheel scrolls the page; with Ctrl it zooms.
  stage.addEventListener("wheel", (event) => { if (!event.ctrlKey) event.stopPropagation(); }, { capture: true });
  stage.addEventListener("keydown", (event) => {
    const turned = { ArrowLeft: [-10, "vy"], ArrowRight: [10, "vy"], ArrowUp: [-10, "vx"], ArrowDown: [10, "vx"] };
    const zoomed = { "+": 1.15, "=": 1.15, "-": 1 / 1.15 };
    if (event.key === " ") setPlaying(!playing);
    else if (shown && turned[event.key]) shown.viewer.rotate(...turned[event.key]);
    else if (shown && zoomed[event.key]) shown.viewer.zoom(zoomed[event.key]);
    else return;
    event.preventDefault();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  new IntersectionObserver(([entry]) => { visible = entry.isIntersecting; }).observe(element("movie"));
  if (last > 0 && !matchMedia("(prefers-reduced-motion: reduce)").matches) setPlaying(true);
})();
