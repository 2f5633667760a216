"use strict";

const QUIET_MS = 600; // after the last change; a moving slider says itself what it does
let saidTimer = 0;

/** The page's one live region: after a change it says the setting, what it gives, and how long the list is. */
function say(now) {
  const setting = `${agentName(state.agent)}, ${splitTitle(current.split)}, threshold ${confidenceText(view.now)}`;
  const numbers = `accuracy ${percent(now.accuracy[state.scorer])}, speedup ${times(now.speedup)}`;
  const words = `${setting}: ${numbers}. ${counted(samplesOf(shown).length, "sample")} listed.`;
  window.clearTimeout(saidTimer);
  saidTimer = window.setTimeout(() => {
    if (byId("said").textContent !== words) byId("said").textContent = words;
  }, QUIET_MS);
}
