"""What a careful eye would see on a page: overflow, clipped and overlapping text, what a screen reader trips over."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"

LAYOUT = r"""
() => {
  const found = [];
  const name = (e) => e.tagName.toLowerCase() + (e.id ? '#' + e.id : '') +
    [...e.classList].slice(0, 3).map((c) => '.' + c).join('') + ' "' + (e.innerText || '').trim().slice(0, 40) + '"';
  const shown = (e) => {
    if (!e.checkVisibility({opacityProperty: true, visibilityProperty: true})) return false;
    const box = e.getBoundingClientRect();
    return box.width > 1 && box.height > 1;
  };
  const LEFT_OUT = '.visually-hidden, [aria-hidden="true"], svg, option, noscript, [data-may-scroll]';
  const shut = (e) => {
    for (; e; e = e.parentElement) if (getComputedStyle(e).clipPath === 'inset(50%)') return true;
    return false;
  };
  const hidden = (e) => e.closest(LEFT_OUT) || shut(e);
  const page = document.scrollingElement;
  if (page.scrollWidth > page.clientWidth + 1) {
    found.push('page is ' + page.scrollWidth + ' wide in a window of ' + page.clientWidth);
    for (const e of document.querySelectorAll('body *')) {
      const box = e.getBoundingClientRect();
      if (!shown(e) || box.right <= page.clientWidth + 1 || hidden(e)) continue;
      found.push('  reaches out: ' + name(e));
      break;
    }
  }
  const heads = [...document.querySelectorAll('h1')].filter((e) => shown(e) && !hidden(e));
  if (heads.length > 1) found.push('more than one title: ' + heads.map(name).join(' and '));
  const controls = 'input:not([type=checkbox], [type=radio], [type=file], [type=range]), select';
  const group = (e) => e.closest('form, section, main');
  for (const a of document.querySelectorAll(controls)) {
    for (const b of group(a).querySelectorAll(controls)) {
      if (a === b || group(a) !== group(b) || a.compareDocumentPosition(b) & 2) continue;
      if (hidden(a) || hidden(b) || !shown(a) || !shown(b)) continue;
      const p = a.getBoundingClientRect(), q = b.getBoundingClientRect();
      const beside = p.right <= q.left && Math.abs(p.top + p.bottom - q.top - q.bottom) < 16;
      if (beside && (Math.abs(p.height - q.height) > 1 || Math.abs(p.top - q.top) > 1))
        found.push('side by side and not alike: ' + name(a) + ' and ' + name(b));
    }
  }
  const brush = document.createElement('canvas').getContext('2d');
  for (const e of document.querySelectorAll('select')) {
    if (hidden(e) || !shown(e)) continue;
    const style = getComputedStyle(e);
    brush.font = style.font;
    const arrow = 16, room = e.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight) - arrow;
    const text = (e.selectedOptions[0]?.innerText || '').trim();
    if (brush.measureText(text).width > room + 1) found.push('choice cut short: ' + text);
  }
  for (const e of document.querySelectorAll('.maplibregl-map')) {
    const drawn = e.querySelector('canvas')?.clientWidth ?? e.clientWidth;
    if (Math.abs(drawn - e.clientWidth) > 1) found.push('map does not fill its frame: ' + name(e));
  }
  const leaves = [];
  for (const e of document.querySelectorAll('body *')) {
    if (hidden(e) || !shown(e)) continue;
    const style = getComputedStyle(e);
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (own) leaves.push(e);
    const raw = own && e.tagName !== 'CODE' && /\b[a-z]+_[a-z_]+\b/.exec(e.innerText);
    if (raw) found.push('a code where words belong: ' + raw[0] + ' in ' + name(e));
    const cuts = style.overflowX === 'hidden' || style.overflowX === 'clip';
    if (own && cuts && style.textOverflow !== 'ellipsis' && e.scrollWidth > e.clientWidth + 1)
      found.push('clipped: ' + name(e));
    if (own && style.textOverflow === 'ellipsis' && e.scrollWidth > e.clientWidth + 1 && !e.closest('[title]'))
      found.push('cut short without a title: ' + name(e));
    if ((style.overflowY === 'hidden' || style.overflowY === 'clip') && own && e.scrollHeight > e.clientHeight + 2 &&
        style.webkitLineClamp === 'none') found.push('clipped below: ' + name(e));
    const control = /^(BUTTON|A|INPUT|SELECT)$/.test(e.tagName) && style.display !== 'inline';
    if (control && style.overflowX === 'visible' && e.scrollWidth > e.clientWidth + 1)
      found.push('text wider than its control: ' + name(e));
  }
  const rects = (e) => {
    const range = document.createRange();
    range.selectNodeContents(e);
    const own = getComputedStyle(e).overflowX === 'visible' ? null : e.getBoundingClientRect();
    return [...range.getClientRects()].map((r) => ({
      left: Math.max(r.left, own ? own.left : r.left), right: Math.min(r.right, own ? own.right : r.right),
      top: r.top, bottom: r.bottom,
    }));
  };
  // What floats over a list covers it on purpose, and scrolling brings the covered line out.
  const floats = (e) => {
    for (; e; e = e.parentElement) if (/^(sticky|fixed)$/.test(getComputedStyle(e).position)) return true;
    return false;
  };
  const boxes = leaves.filter((e) => !e.querySelector('*')).slice(0, 700).flatMap((e) => rects(e).map((r) => [e, r]));
  for (let i = 0; i < boxes.length; i++) for (let j = i + 1; j < boxes.length; j++) {
    const [a, p] = boxes[i], [b, q] = boxes[j];
    if (a === b || a.contains(b) || b.contains(a) || a.closest('dialog:modal') !== b.closest('dialog:modal')) continue;
    const w = Math.min(p.right, q.right) - Math.max(p.left, q.left);
    const h = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
    if (w > 3 && h > 4) {
      const x = Math.max(p.left, q.left) + w / 2, y = Math.max(p.top, q.top) + h / 2;
      const top = document.elementFromPoint(x, y);
      if (top && floats(a) !== floats(b)) continue;
      if (!top || a === top || b === top || top.contains(a) && top.contains(b))
        found.push('overlap: ' + name(a) + ' and ' + name(b));
    }
    if (found.length > 20) return found;
  }
  return found;
}
"""
"""Sticky heads and dialogs cover what lies beneath on purpose: there only the upper text is on top of the point."""


def layout_faults(page: Page) -> list[str]:
    """Overflow, clipped text and overlapping text, each named by its element."""
    found: list[str] = page.evaluate(LAYOUT)
    return found


def axe_faults(page: Page) -> list[str]:
    """What axe-core finds, rule and element; nothing of ours is excluded."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    result: dict[str, Any] = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]
