"""What is read on the first screen: text nodes that are really in sight, cut by no box that scrolls."""

FIRST_SCREEN = """() => {
  const inSight = (node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    const { left, right, top, bottom } = range.getBoundingClientRect();
    let box = { left: 0, right: innerWidth, top: 0, bottom: innerHeight };
    for (let up = node.parentElement; up; up = up.parentElement) {
      if (getComputedStyle(up).overflow === "visible") continue;
      const place = up.getBoundingClientRect();
      box = { left: Math.max(box.left, place.left), right: Math.min(box.right, place.right),
        top: Math.max(box.top, place.top), bottom: Math.min(box.bottom, place.bottom) };
    }
    const middle = (top + bottom) / 2;
    return right - left > 2 && left < box.right && right > box.left && middle > box.top && middle < box.bottom;
  };
  const words = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let line = null;
  while (walk.nextNode()) {
    const node = walk.currentNode;
    const on = node.parentElement;
    if (!node.data.trim() || !on.checkVisibility({ visibilityProperty: true }) || !inSight(node)) continue;
    const block = on.closest("li, p, h1, h2, h3, dl, div, td, button, header, label, select, span.flow-part, a");
    words.push((block === line ? " " : "\\n") + node.data);
    line = block;
  }
  for (const select of document.querySelectorAll("header select"))
    words.push("\\n" + select.selectedOptions[0]?.innerText);
  return words.join("").replace(/[ \\u00a0\\u202f]+/g, " ").replace(/ ([,:;·]) /g, "$1 ");
}"""
