"use strict";

const CONTROLS = "button, select, a[href]";

/** A row of controls is one tab stop; Left, Right, Home and End move within it. */
function listenToToolbar(toolbar) {
  toolbar.addEventListener("keydown", (event) => {
    const controls = controlsOf(toolbar);
    const place = controls.indexOf(event.target);
    const next = { ArrowLeft: place - 1, ArrowRight: place + 1, Home: 0, End: controls.length - 1 }[event.key];
    if (place < 0 || next === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault(); // a select would take another value
    controls.at(next % controls.length).focus();
  });
  toolbar.addEventListener("focusin", () => keepOneStop(toolbar));
}

/** The tab stop is the control with the focus, else the last that had it, else the pressed one, else the first. */
function keepOneStop(toolbar) {
  const controls = controlsOf(toolbar);
  const last = controls.find(
    (control) => control.dataset.key !== undefined && control.dataset.key === toolbar.dataset.last,
  );
  const pressed = controls.find((control) => control.matches("[aria-pressed=true]"));
  const stop = controls.find((control) => control === document.activeElement) ?? last ?? pressed ?? controls[0];
  for (const control of controls) control.tabIndex = control === stop ? 0 : -1;
  if (stop === document.activeElement && stop?.dataset.key !== undefined) toolbar.dataset.last = stop.dataset.key;
}

function controlsOf(toolbar) {
  return [...toolbar.querySelectorAll(CONTROLS)].filter((control) => !control.hidden);
}

/** New controls for a toolbar, with its focus and its tab stop kept. */
function refillToolbar(toolbar, controls) {
  refill(toolbar, controls);
  keepOneStop(toolbar);
}
