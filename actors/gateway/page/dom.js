// Elements, and how numbers are written.

export const $ = (id) => document.getElementById(id);
export const dark = matchMedia("(prefers-color-scheme: dark)");

export function make(tag, className, text) {
  const el = document.createElement(tag);
  if (className) el.className = className;
  if (text !== undefined) el.textContent = text;
  return el;
}

// say writes a text where it is not there yet: what does not change is not read out again, and can be selected.
export function say(el, text) {
  if (el.textContent !== text) el.textContent = text;
}

// rows keeps one child for each item, made once and then updated, so that bars can move.
export function rows(parent, items, key, create, update) {
  const old = new Map([...parent.children].map((el) => [el.dataset.key, el]));
  items.forEach((item, i) => {
    const k = String(key(item));
    let el = old.get(k);
    if (!el) {
      el = create(item);
      el.dataset.key = k;
    }
    old.delete(k);
    if (parent.children[i] !== el) parent.insertBefore(el, parent.children[i] || null);
    update(el, item);
  });
  old.forEach((el) => el.remove());
}

export const number = (n) => n.toLocaleString("en", { maximumFractionDigits: n < 10 ? 1 : 0 });

// duration writes seconds with three digits, in the unit that suits.
export function duration(s) {
  if (!s) return "–";
  const [n, unit] = s < 1e-3 ? [s * 1e6, "µs"] : s < 1 ? [s * 1e3, "ms"] : [s, "s"];
  return `${n >= 100 ? Math.round(n) : n.toPrecision(n >= 10 ? 3 : 2)} ${unit}`;
}
