/** Types of the API come from its own description, and from nowhere else. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import openapi, { astToString } from 'openapi-typescript'
import { WEB } from './files.mjs'

const OPTIONS = { rootTypes: true, rootTypesNoSchemaPrefix: true, alphabetize: true }

/** Whether the generated file says something else than the description does. */
export async function stale(description, generated) {
  const wanted = astToString(await openapi(description, OPTIONS))
  const plain = (text) =>
    text
      .replace(/^\/\*\*[\s\S]*?\*\/\s*/, '')
      .replaceAll(/\s+/g, ' ')
      .trim()
  return plain(generated) === plain(wanted) ? [] : ['src/generated/api.ts is out of date: npm --prefix web run types']
}

export async function check() {
  const description = pathToFileURL(join(WEB, '../docs/reference/api.json'))
  return stale(description, readFileSync(join(WEB, 'src/generated/api.ts'), 'utf8'))
}

/** Names of the API's schemas that a source declares anew. */
export function redeclared(files, generated) {
  const names = new Set(
    [...generated.matchAll(/^export type (\w+) = components\['schemas'\]/gm)].map((match) => match[1]),
  )
  return files.flatMap((file) =>
    [...file.text.matchAll(/\b(?:interface|type)\s+(\w+)\s*(?:=|\{|extends)/g)]
      .filter(([, name]) => names.has(name))
      .map(([, name]) => `${file.path}: ${name} is a type of the API: import it from '@/generated/api'`),
  )
}
