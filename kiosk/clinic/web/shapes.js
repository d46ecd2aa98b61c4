// The shapes of the screen, as vectors: insured is a disc with a tick, not insured an octagon with a
// bar, could not check a triangle with a question mark. They differ as black-and-white outlines.

const SVG = "http://www.w3.org/2000/svg";

function drawn(viewBox, ...parts) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", viewBox);
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("focusable", "false");
  for (const [name, attributes] of parts) {
    const part = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) part.setAttribute(key, value);
    svg.append(part);
  }
  return svg;
}

const SOLID = { class: "solid" };
const MARK = { class: "mark", fill: "none", "stroke-linecap": "round", "stroke-linejoin": "round" };

const FAMILIES = {
  insured: [
    ["circle", { ...SOLID, cx: 50, cy: 50, r: 46 }],
    ["path", { ...MARK, d: "M29 52l15 15 28-33", "stroke-width": 11 }],
  ],
  not_insured: [
    ["path", { ...SOLID, d: "M32 6h36l26 26v36L68 94H32L6 68V32z" }],
    ["path", { ...MARK, d: "M30 50h40", "stroke-width": 12 }],
  ],
  could_not_check: [
    ["path", { ...SOLID, d: "M44 9a7 7 0 0 1 12 0l41 74a7 7 0 0 1-6 10H9a7 7 0 0 1-6-10z" }],
    ["path", { ...MARK, d: "M38 45a12 12 0 1 1 18 10c-4 3-6 5-6 10", "stroke-width": 8 }],
    ["circle", { class: "dot", cx: 50, cy: 80, r: 5 }],
  ],
};

export function family(name) {
  return drawn("0 0 100 100", ...(FAMILIES[name] ?? FAMILIES.could_not_check));
}

const OUTCOMES = {
  pass: "M5 13l5 5 10-12",
  fail: "M6 6l12 12M18 6L6 18",
  unknown: "M6 12h12",
};

export function outcome(name) {
  const d = OUTCOMES[name] ?? OUTCOMES.unknown;
  return drawn("0 0 24 24", ["path", { ...MARK, d, "stroke-width": 3 }]);
}

export function differs() {
  return drawn("0 0 24 24", ["path", { d: "M12 2l10 10-10 10L2 12z", class: "solid" }]);
}

// The list's age: a full disc is fresh, a half one ageing, a ring with a bar too old.
export function age(name) {
  const ring = ["circle", { ...MARK, cx: 12, cy: 12, r: 9, "stroke-width": 3 }];
  if (name === "fresh") return drawn("0 0 24 24", ["circle", { ...SOLID, cx: 12, cy: 12, r: 10 }]);
  if (name === "too_old") return drawn("0 0 24 24", ring, ["path", { ...MARK, d: "M6 18L18 6", "stroke-width": 3 }]);
  return drawn("0 0 24 24", ring, ["path", { ...SOLID, d: "M12 2a10 10 0 0 1 0 20z" }]);
}

export function person() {
  return drawn("0 0 80 100", ["circle", { cx: 40, cy: 36, r: 17 }], ["path", { d: "M10 100c0-26 12-42 30-42s30 16 30 42z" }]);
}

export function waiting() {
  return drawn(
    "0 0 160 120",
    ["rect", { class: "line", x: 14, y: 66, width: 132, height: 40, rx: 8, "stroke-width": 4, fill: "none" }],
    ["path", { class: "line", d: "M44 84h72", "stroke-width": 6, "stroke-linecap": "round" }],
    ["rect", { class: "card", x: 50, y: 14, width: 60, height: 70, rx: 6, "stroke-width": 4 }],
    ["rect", { class: "chip", x: 68, y: 54, width: 24, height: 18, rx: 3 }],
  );
}

export function lost() {
  return drawn(
    "0 0 160 120",
    ["path", { class: "line", d: "M24 60h40M96 60h40", "stroke-width": 8, "stroke-linecap": "round" }],
    ["path", { class: "line", d: "M64 42v36M96 42v36", "stroke-width": 8, "stroke-linecap": "round" }],
  );
}

const ROUND = 2 * Math.PI * 15;

export function countdown(share) {
  return drawn(
    "0 0 36 36",
    ["circle", { class: "ring", cx: 18, cy: 18, r: 15, fill: "none", "stroke-width": 4 }],
    ["circle", {
      class: "left", cx: 18, cy: 18, r: 15, fill: "none", "stroke-width": 4,
      transform: "rotate(-90 18 18)", "stroke-dasharray": `${(ROUND * share).toFixed(2)} ${ROUND.toFixed(2)}`,
    }],
  );
}
