/** Texts: both languages complete and alike, every key that is used there, every key that is there used. */

const USED = /(?:\b(?:t|say|te)\(\s*|\btitle: |\bkeypath=|\bkey: )['"`]([a-zA-Z][\w.]*)(\$\{)?/g
const MADE = /`([a-z]\w*(?:\.\w+)*\.)\$\{/g

/** `{ 'app.save': 'Save', ... }` of a nested document. */
export function flat(document, before = '') {
  return Object.entries(document).flatMap(([name, value]) =>
    typeof value === 'string' ? [[before + name, value]] : flat(value, `${before}${name}.`),
  )
}

/** The names that a text leaves open; its forms for one and for many have the same. */
const holes = (text) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]))].sort().join()

/** What is wrong between two languages of the same texts. */
export function unlike(chinese, english) {
  const [zh, en] = [new Map(flat(chinese)), new Map(flat(english))]
  const wrong = []
  for (const key of zh.keys()) if (!en.has(key)) wrong.push(`${key}: no English`)
  for (const key of en.keys()) if (!zh.has(key)) wrong.push(`${key}: no Chinese`)
  for (const [key, text] of zh) {
    if (!text.trim() || en.get(key)?.trim() === '') wrong.push(`${key}: empty`)
    else if (en.has(key) && holes(text) !== holes(en.get(key))) wrong.push(`${key}: placeholders differ`)
    else if (
      /[a-z]{3}/i.test(en.get(key) ?? '') &&
      !/\p{Script=Han}/u.test(text) &&
      /[a-z]{3}/i.test(text.replace(/\{\w+\}/g, ''))
    )
      wrong.push(`${key}: the Chinese is not Chinese`)
  }
  return wrong
}

/** Keys that sources use, and the beginnings of those they make up as they go. */
export function used(texts) {
  const keys = new Set()
  const beginnings = new Set()
  for (const text of texts) for (const [, key, open] of text.matchAll(USED)) (open ? beginnings : keys).add(key)
  for (const text of texts) for (const [, start] of text.matchAll(MADE)) beginnings.add(start)
  return { keys, beginnings }
}

/** What is wrong between the texts that are there and those that sources use; `names` are the documents' top keys. */
export function unmet(chinese, files) {
  const there = new Set(flat(chinese).map(([key]) => key))
  const names = new Set(Object.keys(chinese))
  const { keys, beginnings } = used(files.map((file) => file.text))
  const everywhere = files.map((file) => file.text).join('\n')
  const missing = [...keys].filter((key) => key.includes('.') && names.has(key.split('.')[0]) && !there.has(key))
  const foreign = [...keys].filter((key) => /^[a-z]\w*(\.\w+)+$/.test(key) && !names.has(key.split('.')[0]))
  const idle = [...there].filter(
    (key) =>
      !keys.has(key) && ![...beginnings].some((start) => key.startsWith(start)) && !everywhere.includes(`'${key}'`),
  )
  return [
    ...missing.map((key) => `${key}: used and not there`),
    ...foreign.map((key) => `${key}: used and not there`),
    ...idle.map((key) => `${key}: there and not used`),
  ]
}
