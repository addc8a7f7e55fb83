/** Colours and sizes: the palette and the scales are the only places where they are written. */

const NAMED =
  'aqua|beige|black|blue|brown|coral|crimson|cyan|fuchsia|gold|gr[ae]y|green|indigo|ivory|khaki|lavender|lime|magenta|maroon|navy|olive|orange|orchid|pink|plum|purple|red|salmon|silver|tan|teal|tomato|turquoise|violet|white|yellow'
const ANYWHERE =
  /#(?:[0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})\b(?!['"]?\s*>)|\b(?:rgba?|hsla?|hwb|oklch|oklab|lab|lch)\(/gi
const IN_STYLE = new RegExp(
  `(?:color|background|border[\\w-]*|fill|stroke|outline|shadow)\\s*:[^;{}]*?(?<![\\w-])(${NAMED})(?![\\w-])`,
  'gi',
)
const SIZE = /(?:^|[\s;{])(font-size|font)\s*:\s*([^;{}]*)/g

/** The style part of a component; the whole of a style sheet. */
function style({ path, text }) {
  return path.endsWith('.vue')
    ? [...text.matchAll(/<style[^>]*>([\s\S]*?)<\/style>/g)].map((m) => m[1]).join('\n')
    : text
}

const PALETTE = /theme[\\/]palette\.css$/
const SCALE = /theme[\\/](scale|base)\.css$/

export function strayColours(files) {
  return files
    .filter((file) => !PALETTE.test(file.path))
    .flatMap((file) => {
      const plain = file.text.replace(/&#\w+;|href="#[\w-]*"|url\(#[\w-]+\)|'#[\w-]*main'/g, '')
      const found = [...plain.matchAll(ANYWHERE)].map((match) => match[0])
      if (!file.path.endsWith('.ts')) found.push(...[...style(file).matchAll(IN_STYLE)].map((match) => match[1]))
      return found.map((colour) => `${file.path}: ${colour} is not from the palette`)
    })
}

export function straySizes(files) {
  return files
    .filter((file) => !SCALE.test(file.path) && !file.path.endsWith('.ts'))
    .flatMap((file) =>
      [...style(file).matchAll(SIZE)]
        .filter(([, , value]) => !/var\(--text-|inherit|^\s*[\d.]*em\s*$|100%/.test(value))
        .map(([, name, value]) => `${file.path}: ${name}: ${value.trim()} is not from the scale`),
    )
}
