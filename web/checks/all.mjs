/** What no linter knows: texts complete, colours from the palette, API types from the API. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { straySizes, strayColours } from './colours.mjs'
import { sources, WEB } from './files.mjs'
import { unlike, unmet } from './texts.mjs'
import { check, redeclared } from './types.mjs'

const code = sources('.vue', '.ts')
const styled = sources('.vue', '.css', '.ts')
const documents = (name) => Object.assign({}, ...sources(`/${name}.json`).map((file) => JSON.parse(file.text)))
const [zh, en] = [documents('zh'), documents('en')]
const generated = readFileSync(join(WEB, 'src/generated/api.ts'), 'utf8')

const wrong = [
  ...unlike(zh, en),
  ...unmet(zh, code),
  ...strayColours(styled),
  ...straySizes(styled),
  ...redeclared(code, generated),
  ...(await check()),
]
console.log(wrong.join('\n') || 'texts, colours and types hold')
process.exitCode = wrong.length ? 1 : 0
